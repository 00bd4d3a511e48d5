//! Names that Kubernetes accepts, validated on construction. Pure.

use super::invalid::{InvalidValue, printable};

/// Declares a string type that is validated on construction.
macro_rules! validated_text {
    ($(#[$documentation:meta])* $name:ident, $check:path) => {
        $(#[$documentation])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The original text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::environment::InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $check(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}
pub(super) use validated_text;

validated_text!(
    /// The name of an environment: `[a-z]([a-z0-9-]{0,38}[a-z0-9])?`.
    ///
    /// It must not end in `-`: object names and label values end in it, and Kubernetes refuses a
    /// trailing `-`.
    EnvironmentName,
    check_environment
);

validated_text!(
    /// The name of a namespace: a DNS label of 1 to 63 characters.
    NamespaceName,
    check_label
);

validated_text!(
    /// The name of a storage class: a DNS subdomain of 1 to 253 characters.
    StorageClassName,
    check_subdomain
);

validated_text!(
    /// The UID of the namespace `kube-system`, which identifies the cluster: a lower-case UUID.
    ClusterId,
    check_uuid
);

validated_text!(
    /// The name of a claim: a DNS subdomain of 1 to 253 characters.
    ClaimName,
    check_subdomain
);

validated_text!(
    /// The host name of a node, as in its label `kubernetes.io/hostname`: 1 to 63 characters.
    NodeName,
    check_node
);

validated_text!(
    /// A directory of a node: an absolute path without `..`.
    HostDirectory,
    check_directory
);

validated_text!(
    /// An image registry: the part of an image before the first slash, or a URL.
    RegistryServer,
    check_without_spaces
);

impl NamespaceName {
    /// Whether the namespace is reserved for Kubernetes.
    ///
    /// `default` counts: it exists in every cluster, cannot be deleted, holds the Service
    /// `kubernetes`, and receives every object that is applied without a namespace, so no
    /// environment can own it. Kubernetes reserves the prefix `kube-`.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.as_str() == "default" || self.as_str().starts_with("kube-")
    }
}

fn check_environment(text: &str) -> Result<(), InvalidValue> {
    check_length(text, 40)?;
    check_characters(text)?;
    if text.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Ok(());
    }
    Err(InvalidValue::new("it must begin with a letter"))
}

fn check_label(text: &str) -> Result<(), InvalidValue> {
    check_length(text, 63)?;
    check_characters(text)
}

fn check_subdomain(text: &str) -> Result<(), InvalidValue> {
    check_length(text, 253)?;
    text.split('.').try_for_each(check_characters)
}

/// Checks for a label value that is also a DNS subdomain.
fn check_node(text: &str) -> Result<(), InvalidValue> {
    check_length(text, 63)?;
    check_subdomain(text)
}

fn check_directory(text: &str) -> Result<(), InvalidValue> {
    if !text.starts_with('/') {
        return Err(InvalidValue::new("it must begin with `/`"));
    }
    if text.split('/').any(|part| part == "..") {
        return Err(InvalidValue::new("it must not contain `..`"));
    }
    Ok(())
}

fn check_without_spaces(text: &str) -> Result<(), InvalidValue> {
    if text
        .chars()
        .any(|character| character.is_whitespace() || character.is_control())
    {
        return Err(InvalidValue::new("it contains white space"));
    }
    Ok(())
}

fn check_uuid(text: &str) -> Result<(), InvalidValue> {
    let groups: Vec<&str> = text.split('-').collect();
    let is_hexadecimal = |group: &&str| {
        group
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    if lengths == [8, 4, 4, 4, 12] && groups.iter().all(is_hexadecimal) {
        return Ok(());
    }
    Err(InvalidValue::new("not a lower-case UUID"))
}

fn check_length(text: &str, longest: usize) -> Result<(), InvalidValue> {
    match text.chars().count() {
        0 => Err(InvalidValue::new("it is empty")),
        length if length > longest => Err(InvalidValue::new(format!(
            "{length} characters, but at most {longest} are allowed"
        ))),
        _ => Ok(()),
    }
}

fn check_characters(text: &str) -> Result<(), InvalidValue> {
    let allowed = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '-');
    if let Some(wrong) = text.chars().find(|character| !allowed(*character)) {
        let wrong = printable(&wrong.to_string());
        return Err(InvalidValue::new(format!(
            "`{wrong}` is not one of `a-z`, `0-9` and `-`"
        )));
    }
    if text.is_empty() || text.starts_with('-') || text.ends_with('-') {
        return Err(InvalidValue::new(
            "it must begin and end with a letter or a digit",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fmt, str::FromStr};

    use super::*;

    fn check<T: FromStr<Err = InvalidValue> + fmt::Display>(text: &str, expected: &str) {
        let outcome = text
            .parse::<T>()
            .map_or_else(|error| error.to_string(), |_| "valid".to_owned());
        assert_eq!(outcome, expected, "`{text}`");
    }

    #[test]
    fn an_environment_is_named_so_that_every_object_can_carry_the_name() {
        check::<EnvironmentName>("minikube", "valid");
        check::<EnvironmentName>("a", "valid");
        check::<EnvironmentName>("eu-2", "valid");
        check::<EnvironmentName>(&"a".repeat(40), "valid");
        check::<EnvironmentName>(&"a".repeat(41), "41 characters, but at most 40 are allowed");
        check::<EnvironmentName>("", "it is empty");
        check::<EnvironmentName>("2eu", "it must begin with a letter");
        check::<EnvironmentName>("eu-", "it must begin and end with a letter or a digit");
        check::<EnvironmentName>("Eu", "`E` is not one of `a-z`, `0-9` and `-`");
        check::<EnvironmentName>("../eu", "`.` is not one of `a-z`, `0-9` and `-`");
        check::<EnvironmentName>("eu\n", "`\\n` is not one of `a-z`, `0-9` and `-`");
    }

    #[test]
    fn a_namespace_is_a_dns_label() {
        check::<NamespaceName>("app", "valid");
        check::<NamespaceName>("1app", "valid");
        check::<NamespaceName>(&"a".repeat(63), "valid");
        check::<NamespaceName>(&"a".repeat(64), "64 characters, but at most 63 are allowed");
        check::<NamespaceName>("-app", "it must begin and end with a letter or a digit");
        check::<NamespaceName>("my app", "` ` is not one of `a-z`, `0-9` and `-`");
        check::<NamespaceName>("äpp", "`ä` is not one of `a-z`, `0-9` and `-`");
    }

    #[test]
    fn a_storage_class_is_a_dns_subdomain() {
        check::<StorageClassName>("standard", "valid");
        check::<StorageClassName>("fast.example.com", "valid");
        check::<StorageClassName>("fast..com", "it must begin and end with a letter or a digit");
        check::<StorageClassName>("", "it is empty");
    }

    #[test]
    fn a_directory_of_a_node_is_absolute() {
        check::<HostDirectory>("/srv/mongodb", "valid");
        check::<HostDirectory>("srv", "it must begin with `/`");
        check::<HostDirectory>("/srv/../etc", "it must not contain `..`");
    }

    #[test]
    fn a_node_is_named_as_its_label_says() {
        check::<NodeName>("minikube", "valid");
        check::<NodeName>("ip-10-0-0-1.ec2.internal", "valid");
        check::<NodeName>(&"a".repeat(64), "64 characters, but at most 63 are allowed");
    }

    #[test]
    fn a_registry_has_no_spaces() {
        check::<RegistryServer>("https://index.docker.io/v1/", "valid");
        check::<RegistryServer>("registry example", "it contains white space");
    }

    #[test]
    fn a_cluster_is_identified_by_a_uuid() {
        check::<ClusterId>("0b5e12c7-6a0f-4a51-9a5e-3f1f0c8f7d21", "valid");
        check::<ClusterId>("0b5e12c7-6a0f-4a51-9a5e", "not a lower-case UUID");
        check::<ClusterId>("0B5E12C7-6A0F-4A51-9A5E-3F1F0C8F7D21", "not a lower-case UUID");
    }

    #[test]
    fn the_namespaces_of_kubernetes_are_reserved() {
        let reserved = |name: &str| name.parse::<NamespaceName>().unwrap().is_reserved();
        assert!(reserved("kube-system") && reserved("kube-public") && reserved("default"));
        assert!(!reserved("app") && !reserved("kubeflow"));
    }
}
