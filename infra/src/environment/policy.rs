//! Reads which effects an environment allows without asking. Pure.

use std::str::FromStr;

use super::invalid::{InvalidValue, printable};
use super::nearest::nearest;
use super::reader::Reader;
use engine_core::plan::{AllowedEffects, EffectKind};

/// Reads `[policy]`. Without it a protected environment allows fewer effects.
pub(super) fn read(reader: &mut Reader, protected: bool) -> Option<AllowedEffects> {
    let allowed = reader.optional::<Effects>("policy.allow")?;
    Some(match (allowed, protected) {
        (Some(Effects(allowed)), _) => allowed,
        (None, true) => AllowedEffects::NONE
            .and(EffectKind::Restart)
            .and(EffectKind::Scale),
        (None, false) => AllowedEffects::default(),
    })
}

/// A list of effects, one on each line.
struct Effects(AllowedEffects);

impl FromStr for Effects {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let kinds: Result<AllowedEffects, InvalidValue> = text.lines().map(effect).collect();
        kinds.map(Self)
    }
}

fn effect(name: &str) -> Result<EffectKind, InvalidValue> {
    name.parse().map_err(|_| {
        let found = printable(name);
        match nearest(name, EffectKind::ALL.map(EffectKind::as_str)) {
            Some(nearest) => InvalidValue::new(format!("found `{found}`, nearest: `{nearest}`")),
            None => InvalidValue::new(format!("found `{found}`")),
        }
    })
}
