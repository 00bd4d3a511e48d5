//! Fills in the declared secrets of a record: generated, given or read back from live objects.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Value;

use super::{LoadError, LoadedRecord, random};
use crate::cluster::{Cluster, ClusterError};
use crate::observe::claims;
use engine_core::object::ObjectId;
use engine_core::object::marks;
use engine_core::object::owner::{Owner, Ownership, StackLabel, looks_like_our_claim, ownership};
use engine_core::record::Record;
use engine_core::secret::{ProtectedData, SecretDeclaration, SecretSource, SecretValue};

/// Adds secrets to a record: generates missing ones, and sets those that were given to this run.
pub(super) fn fill(record: &mut Record, declarations: &[SecretDeclaration]) -> Result<(), LoadError> {
    for declaration in declarations {
        let name = declaration.name.to_owned();
        match (&declaration.source, record.secrets.entry(name)) {
            (
                SecretSource::Given {
                    value: Some(value), ..
                },
                entry,
            ) => {
                entry.insert_entry(value.clone());
            }
            (_, Entry::Occupied(_)) => {}
            // A damaged record must not lock its data away.
            (SecretSource::Generated { opens: Some(_) }, Entry::Vacant(_)) if !record.claims.is_empty() => {
                return Err(LoadError::SecretsLost {
                    environment: record.owner.environment.clone(),
                    claim: format!("{}/{}", record.claims[0].namespace, record.claims[0].name),
                });
            }
            (SecretSource::Generated { .. }, Entry::Vacant(entry)) => {
                entry.insert(SecretValue::from_random(&random::<24>()?));
            }
            (
                SecretSource::Given {
                    description, hint, ..
                },
                Entry::Vacant(_),
            ) => {
                return Err(LoadError::SecretNotGiven {
                    environment: record.owner.environment.clone(),
                    description: description.clone(),
                    hint: hint.clone(),
                });
            }
        }
    }
    Ok(())
}

/// Creates the record of an environment that has none. New secrets never lock existing data away.
pub(super) async fn recover(
    mut record: Record,
    declarations: &[SecretDeclaration],
    cluster: &Cluster,
) -> Result<LoadedRecord, LoadError> {
    let owner = record.owner.clone();
    let live = LiveSecrets::read(declarations, &owner, cluster).await?;
    let generated: Vec<&SecretDeclaration> = declarations
        .iter()
        .filter(|declaration| matches!(declaration.source, SecretSource::Generated { .. }))
        .collect();
    let values: Option<Vec<SecretValue>> = generated
        .iter()
        .map(|declaration| live.value(declaration))
        .collect();
    let are_all = |wanted: fn(&Ownership) -> bool| {
        generated
            .iter()
            .all(|declaration| live.owner(declaration).is_some_and(wanted))
    };
    if let Some(values) = values.filter(|values| !values.is_empty()) {
        let named = generated.iter().map(|declaration| declaration.name.to_owned());
        let secrets: BTreeMap<String, SecretValue> = named.zip(values).collect();
        if are_all(|owner| matches!(owner, Ownership::Ours | Ownership::Unlabelled)) {
            record.secrets = secrets;
            if generated
                .iter()
                .any(|declaration| live.is_older_than_the_stacks_label(declaration))
            {
                record.owner.stack_label = StackLabel::Absent;
            }
            for declaration in declarations {
                if let (Some(Ownership::Ours | Ownership::Unlabelled), Some(value)) =
                    (live.owner(declaration), live.value(declaration))
                {
                    record.secrets.entry(declaration.name.to_owned()).or_insert(value);
                }
            }
            return Ok(LoadedRecord::Recovered(record));
        }
        // A Secret that nothing manages can become ours only by adoption: with its values, the data stays accessible.
        if are_all(|owner| *owner == Ownership::Foreign) {
            record.secrets = secrets;
            return Ok(LoadedRecord::New(record));
        }
    }
    for declaration in generated {
        let SecretSource::Generated { opens: Some(data) } = &declaration.source else {
            continue;
        };
        let is_foreign = live.owner(declaration) == Some(&Ownership::Foreign);
        if is_foreign && is_run_by_others(data, &owner, cluster).await? {
            continue;
        }
        if let Some(claim) = find_data(data, &owner, cluster).await? {
            return Err(LoadError::SecretsLost {
                environment: owner.environment,
                claim: claim.to_string(),
            });
        }
    }
    Ok(LoadedRecord::New(record))
}

/// Returns whether the workload exists and nothing manages it: then no secret of ours has ever opened its data.
async fn is_run_by_others(
    data: &ProtectedData,
    owner: &Owner,
    cluster: &Cluster,
) -> Result<bool, ClusterError> {
    let live = cluster.read(&data.workload).await?;
    Ok(live.is_some_and(|live| ownership(&live, owner) == Ownership::Foreign))
}

/// Finds a claim that holds the environment's data.
async fn find_data(
    data: &ProtectedData,
    owner: &Owner,
    cluster: &Cluster,
) -> Result<Option<ObjectId>, ClusterError> {
    let expected = cluster.read(&data.claim).await?;
    match expected.filter(|live| looks_like_our_claim(live, owner)) {
        Some(_) => Ok(Some(data.claim.clone())),
        // The environment file may have been changed to another namespace.
        None => claims::find_anywhere(owner, cluster).await,
    }
}

/// The live Secrets that hold declared secrets, each with its owner.
struct LiveSecrets(BTreeMap<ObjectId, (Value, Ownership)>);

impl LiveSecrets {
    async fn read(
        declarations: &[SecretDeclaration],
        owner: &Owner,
        cluster: &Cluster,
    ) -> Result<Self, ClusterError> {
        let mut found = BTreeMap::new();
        for declaration in declarations {
            if !found.contains_key(&declaration.live)
                && let Some(live) = cluster.read(&declaration.live).await?
            {
                let owner = ownership(&live, owner);
                found.insert(declaration.live.clone(), (live, owner));
            }
        }
        Ok(Self(found))
    }

    fn owner(&self, declaration: &SecretDeclaration) -> Option<&Ownership> {
        self.0.get(&declaration.live).map(|(_, owner)| owner)
    }

    fn value(&self, declaration: &SecretDeclaration) -> Option<SecretValue> {
        let (live, _) = self.0.get(&declaration.live)?;
        (declaration.read_back)(live)
    }

    /// Returns whether the live Secret was applied before objects carried the stack's label.
    fn is_older_than_the_stacks_label(&self, declaration: &SecretDeclaration) -> bool {
        let live = self.0.get(&declaration.live);
        live.is_some_and(|(live, _)| marks::label(live, marks::STACK).is_none())
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Secret;

    use super::*;
    use engine_core::object::HashKey;
    use engine_core::record::Claim;
    use engine_core::stack::id_of;

    fn password() -> SecretDeclaration {
        let id = id_of::<Secret>(Some("shop"), "users");
        SecretDeclaration {
            name: "password",
            source: SecretSource::Generated {
                opens: Some(ProtectedData {
                    workload: id.clone(),
                    claim: id.clone(),
                }),
            },
            live: id,
            read_back: Box::new(|_| None),
        }
    }

    #[test]
    fn a_secret_is_generated_once_and_never_over_recorded_data() {
        let mut record = Record::new(Owner::new("web", "shop"), "cluster", HashKey::new([0; 32]));
        fill(&mut record, &[password()]).unwrap();
        let first = record.secret("password").clone();
        record.claims.push(Claim {
            namespace: "shop".to_owned(),
            name: "data".to_owned(),
            uid: "u".to_owned(),
            volume: "v".to_owned(),
        });
        fill(&mut record, &[password()]).unwrap();
        assert_eq!(*record.secret("password"), first);

        record.secrets.clear();
        let refused = fill(&mut record, &[password()]).unwrap_err().to_string();
        assert!(
            refused.ends_with("but its data still exists (shop/data)"),
            "{refused}"
        );
        assert!(record.secrets.is_empty());
    }
}
