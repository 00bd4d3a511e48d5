//! Refuses changes whose effects have not been allowed. Pure.

use std::fmt;
use std::str::FromStr;

use super::change::{Action, Effect};
use super::refusal::Refusal;
use super::{Consent, Consents, Plan};

/// A kind of effect that is allowed or refused by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectKind {
    /// Pods are replaced one at a time.
    Restart,
    /// Something becomes unavailable, temporarily or permanently.
    Outage,
    /// The number of pods changes.
    Scale,
    /// Data is lost.
    DataLoss,
    /// An object is deleted and recreated.
    Replace,
}

impl EffectKind {
    /// Every kind, least harmful first.
    pub const ALL: [Self; 5] = [
        Self::Restart,
        Self::Scale,
        Self::Outage,
        Self::Replace,
        Self::DataLoss,
    ];

    /// Returns the name used on the command line and in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Outage => "outage",
            Self::Scale => "scale",
            Self::DataLoss => "data-loss",
            Self::Replace => "replace",
        }
    }
}

impl From<&Effect> for EffectKind {
    fn from(effect: &Effect) -> Self {
        match effect {
            Effect::RollingRestart { .. } => Self::Restart,
            Effect::Outage { .. } => Self::Outage,
            Effect::Scale { .. } => Self::Scale,
            Effect::DataLoss => Self::DataLoss,
        }
    }
}

/// The text is not the name of a kind of effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of effect")]
pub struct UnknownEffect;

impl FromStr for EffectKind {
    type Err = UnknownEffect;

    fn from_str(text: &str) -> Result<Self, UnknownEffect> {
        let mut kinds = Self::ALL.into_iter();
        kinds.find(|kind| kind.as_str() == text).ok_or(UnknownEffect)
    }
}

impl fmt::Display for EffectKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The set of effects that a plan may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AllowedEffects(u8);

impl AllowedEffects {
    /// Allows nothing.
    pub const NONE: Self = Self(0);

    /// Allows one more kind of effect.
    #[must_use]
    pub const fn and(self, kind: EffectKind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    /// Returns whether this kind of effect is allowed.
    #[must_use]
    pub const fn contains(self, kind: EffectKind) -> bool {
        self.0 & 1 << kind as u8 != 0
    }
}

/// Allows restarts, outages and scaling; data loss and replacement must always be allowed by name.
impl Default for AllowedEffects {
    fn default() -> Self {
        Self::NONE
            .and(EffectKind::Restart)
            .and(EffectKind::Scale)
            .and(EffectKind::Outage)
    }
}

impl FromIterator<EffectKind> for AllowedEffects {
    fn from_iter<I: IntoIterator<Item = EffectKind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::NONE, Self::and)
    }
}

impl fmt::Debug for AllowedEffects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = EffectKind::ALL.into_iter().filter(|kind| self.contains(*kind));
        formatter.debug_set().entries(kinds).finish()
    }
}

/// Turns each change with a disallowed effect into a refusal that still shows the change's effects and fields.
pub(super) fn close(plan: &mut Plan, consents: Consents) {
    let allowed = match consents.purge {
        Consent::Given => consents.allowed.and(EffectKind::DataLoss),
        Consent::Withheld => consents.allowed,
    };
    for change in &mut plan.changes {
        if matches!(change.action, Action::Keep { .. } | Action::Refuse { .. }) {
            continue;
        }
        let has = |kind| {
            change
                .effects
                .iter()
                .any(|effect| EffectKind::from(effect) == kind)
        };
        let kinds = EffectKind::ALL
            .into_iter()
            .filter(|kind| !allowed.contains(*kind) && has(*kind));
        let kinds: Vec<EffectKind> = kinds.collect();
        if !kinds.is_empty() {
            let fields = change.fields().to_vec();
            change.action = Action::Refuse {
                why: Refusal::NotAllowed { kinds, fields },
            };
        }
    }
}

/// Returns a hint that says how to allow these effects.
pub(super) fn hint(kinds: &[EffectKind]) -> &'static str {
    match kinds {
        [EffectKind::Restart] => "pass --allow restart, or add `restart` to `allow` in the `[policy]` table",
        [EffectKind::Outage] => "pass --allow outage, or add `outage` to `allow` in the `[policy]` table",
        [EffectKind::Scale] => "pass --allow scale, or add `scale` to `allow` in the `[policy]` table",
        [EffectKind::DataLoss] => {
            "pass --allow data-loss, or add `data-loss` to `allow` in the `[policy]` table"
        }
        [EffectKind::Replace] => "pass --allow replace, or add `replace` to `allow` in the `[policy]` table",
        _ => {
            "pass --allow with these effects, separated by commas, or add them to `allow` in the `[policy]` table"
        }
    }
}

/// Returns the refusal text that lists these effects.
pub(super) fn named(kinds: &[EffectKind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    format!("not allowed without consent: {}", names.join(", "))
}
