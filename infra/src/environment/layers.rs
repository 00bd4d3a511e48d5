//! Merges defaults, the file and the variables, and tracks the source of each value. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;

use figment::util::nest;
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::keys::KEYS;

/// The source of a value; later ones override earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    BuiltIn,
    File,
    Variables,
}

/// The text that one source gives for a path.
struct Said<'text> {
    layer: Layer,
    path: &'static str,
    text: &'text str,
}

/// The merged values of all layers.
pub(super) struct Layers {
    merged: Figment,
}

impl Layer {
    const ALL: [Self; 3] = [Self::BuiltIn, Self::File, Self::Variables];

    fn name(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in values",
            Self::File => "environment file",
            Self::Variables => "variables",
        }
    }
}

impl Provider for Said<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(Cow::Borrowed(self.layer.name()))
    }

    // Values are merged as text and typed by their key: figment would turn a variable's `123`
    // into a number.
    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        let nested = nest(self.path, Value::from(self.text));
        Ok(Profile::Default.collect(nested.into_dict().unwrap_or_default()))
    }
}

impl Layers {
    pub(super) fn merge(
        file: &BTreeMap<&'static str, String>,
        variables: &BTreeMap<&'static str, String>,
    ) -> Self {
        let built_in = KEYS
            .iter()
            .filter_map(|key| Some((key.path, key.default?, Layer::BuiltIn)));
        let file = file
            .iter()
            .map(|(path, text)| (*path, text.as_str(), Layer::File));
        let variables = variables
            .iter()
            .map(|(path, text)| (*path, text.as_str(), Layer::Variables));
        let merged = built_in
            .chain(file)
            .chain(variables)
            .fold(Figment::new(), |merged, (path, text, layer)| {
                merged.merge(Said { layer, path, text })
            });
        Self { merged }
    }

    /// Finds the text of a key and its source.
    pub(super) fn find(&self, path: &str) -> Option<(String, Layer)> {
        let value = self.merged.find_value(path).ok()?;
        let name = &self.merged.get_metadata(value.tag())?.name;
        let layer = Layer::ALL.into_iter().find(|layer| layer.name() == name)?;
        Some((value.into_string()?, layer))
    }
}
