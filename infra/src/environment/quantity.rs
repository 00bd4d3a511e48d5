//! Quantities of CPU and bytes, printed in the form that the API server stores. Pure; exact
//! integer arithmetic without rounding.
//!
//! The API server rewrites `1000m` to `1`, `0.5` to `500m` and `1024Mi` to `1Gi`. Any other form
//! would look like drift in every plan.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::invalid::{InvalidValue, printable};

const DECIMAL: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// The API server stores quantities as signed 64-bit integers.
const LARGEST: u128 = i64::MAX as u128;

/// A positive amount of CPU, in thousandths of a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CpuQuantity {
    millicores: u64,
}

/// A positive amount of memory or storage, in bytes.
///
/// Comparison ignores the notation. Printing keeps it, as the API server does: `1G` stays in
/// powers of 1000 and `1Gi` in powers of 1024.
#[derive(Clone, Copy, Debug)]
pub struct ByteQuantity {
    bytes: u64,
    notation: Notation,
}

#[derive(Clone, Copy, Debug)]
enum Notation {
    Decimal,
    Binary,
}

impl CpuQuantity {
    /// The amount in thousandths of a core.
    #[must_use]
    pub fn millicores(self) -> u64 {
        self.millicores
    }

    /// Multiplies the amount; saturates.
    pub(super) fn times(self, count: u64) -> Self {
        Self {
            millicores: self.millicores.saturating_mul(count),
        }
    }

    /// Adds two amounts; saturates.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            millicores: self.millicores.saturating_add(other.millicores),
        }
    }
}

impl ByteQuantity {
    /// The amount in bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.bytes
    }

    /// Multiplies the amount; saturates.
    pub(super) fn times(self, count: u64) -> Self {
        Self {
            bytes: self.bytes.saturating_mul(count),
            ..self
        }
    }

    /// Adds two amounts, in the notation of `self`; saturates.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            ..self
        }
    }
}

impl FromStr for CpuQuantity {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let number = Number::split(text)?;
        let millicores = match number.suffix {
            "" => number.times(1000, "finer than `1m`")?,
            "m" => number.times(1, "finer than `1m`")?,
            suffix => {
                let suffix = printable(suffix);
                return Err(InvalidValue::new(format!(
                    "`{suffix}` is not a CPU unit: `500m` is half a core, `2` is two cores"
                )));
            }
        };
        Ok(Self { millicores })
    }
}

impl FromStr for ByteQuantity {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let number = Number::split(text)?;
        let power = |units: &[&str], base: u128| {
            let exponent = units.iter().position(|unit| *unit == number.suffix)?;
            u32::try_from(exponent).ok().map(|exponent| base.pow(exponent))
        };
        let (multiplier, notation) = match (power(&DECIMAL, 1000), power(&BINARY, 1024)) {
            (Some(multiplier), _) => (multiplier, Notation::Decimal),
            (None, Some(multiplier)) => (multiplier, Notation::Binary),
            (None, None) => {
                let suffix = printable(number.suffix);
                return Err(InvalidValue::new(format!(
                    "`{suffix}` is not a unit of bytes: use `Ki`, `Mi`, `Gi`, `Ti`, `k`, `M`, `G`, `T`"
                )));
            }
        };
        Ok(Self {
            bytes: number.times(multiplier, "a fraction of a byte")?,
            notation,
        })
    }
}

impl fmt::Display for CpuQuantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.millicores % 1000 {
            0 => formatter.pad(&canonical(self.millicores / 1000, 1000, &DECIMAL)),
            _ => formatter.pad(&format!("{}m", self.millicores)),
        }
    }
}

impl fmt::Display for ByteQuantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.notation {
            Notation::Decimal => formatter.pad(&canonical(self.bytes, 1000, &DECIMAL)),
            Notation::Binary => formatter.pad(&canonical(self.bytes, 1024, &BINARY)),
        }
    }
}

impl Ord for ByteQuantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes.cmp(&other.bytes)
    }
}

impl PartialOrd for ByteQuantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByteQuantity {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for ByteQuantity {}

/// Formats a whole number with the largest unit that leaves no fraction.
fn canonical(mut amount: u64, base: u64, units: &[&str]) -> String {
    let mut unit = 0;
    while amount != 0 && amount.is_multiple_of(base) && unit + 1 < units.len() {
        amount /= base;
        unit += 1;
    }
    format!("{amount}{}", units[unit])
}

/// A decimal number and its suffix: `1.5Gi` is 15 with one decimal place, and `Gi`.
struct Number<'text> {
    digits: u128,
    decimals: u32,
    suffix: &'text str,
}

impl<'text> Number<'text> {
    fn split(text: &'text str) -> Result<Self, InvalidValue> {
        let end = text
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits_only = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits_only(whole) || !digits_only(fraction) {
            return Err(InvalidValue::new(format!(
                "`{}` does not begin with a number",
                printable(text)
            )));
        }
        let fraction = fraction.trim_end_matches('0');
        let too_large = || InvalidValue::new("it has too many digits");
        Ok(Self {
            digits: format!("{whole}{fraction}").parse().map_err(|_| too_large())?,
            decimals: u32::try_from(fraction.len()).map_err(|_| too_large())?,
            suffix,
        })
    }

    fn times(&self, multiplier: u128, fraction: &str) -> Result<u64, InvalidValue> {
        let too_large = || InvalidValue::new("it is too large");
        let scaled = self.digits.checked_mul(multiplier).ok_or_else(too_large)?;
        let divisor = 10_u128
            .checked_pow(self.decimals)
            .ok_or_else(|| InvalidValue::new("it has too many digits"))?;
        if scaled % divisor != 0 {
            return Err(InvalidValue::new(format!("it is {fraction}")));
        }
        match scaled / divisor {
            0 => Err(InvalidValue::new("it must be more than zero")),
            amount if amount > LARGEST => Err(too_large()),
            amount => u64::try_from(amount).map_err(|_| too_large()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check<T: FromStr<Err = InvalidValue> + fmt::Display>(text: &str, expected: &str) {
        let outcome = text
            .parse::<T>()
            .map_or_else(|error| error.to_string(), |quantity| quantity.to_string());
        assert_eq!(outcome, expected, "`{text}`");
    }

    #[test]
    fn cpu_is_printed_as_the_api_server_stores_it() {
        check::<CpuQuantity>("200m", "200m");
        check::<CpuQuantity>("1000m", "1");
        check::<CpuQuantity>("1500m", "1500m");
        check::<CpuQuantity>("0.5", "500m");
        check::<CpuQuantity>("0.50", "500m");
        check::<CpuQuantity>("2.0", "2");
        check::<CpuQuantity>("007", "7");
        check::<CpuQuantity>("1000", "1k");
        check::<CpuQuantity>("1500", "1500");
    }

    #[test]
    fn bytes_are_printed_as_the_api_server_stores_them() {
        check::<ByteQuantity>("250Mi", "250Mi");
        check::<ByteQuantity>("1024Mi", "1Gi");
        check::<ByteQuantity>("1536Mi", "1536Mi");
        check::<ByteQuantity>("1.5Gi", "1536Mi");
        check::<ByteQuantity>("0.5Ki", "512");
        check::<ByteQuantity>("1000Mi", "1000Mi");
        check::<ByteQuantity>("1000M", "1G");
        check::<ByteQuantity>("1G", "1G");
        check::<ByteQuantity>("1073741824", "1073741824");
        check::<ByteQuantity>("2000000000", "2G");
        check::<ByteQuantity>("7Ei", "7Ei");
    }

    #[test]
    fn what_is_no_amount_is_refused_with_the_reason() {
        check::<CpuQuantity>("0", "it must be more than zero");
        check::<CpuQuantity>("0.0005", "it is finer than `1m`");
        check::<CpuQuantity>("0.5m", "it is finer than `1m`");
        check::<CpuQuantity>("-1", "`-1` does not begin with a number");
        check::<CpuQuantity>("", "`` does not begin with a number");
        check::<CpuQuantity>("1.", "`1.` does not begin with a number");
        check::<CpuQuantity>("1.2.3", "`1.2.3` does not begin with a number");
        check::<CpuQuantity>(
            "200 m",
            "` m` is not a CPU unit: `500m` is half a core, `2` is two cores",
        );
        check::<ByteQuantity>(
            "250mb",
            "`mb` is not a unit of bytes: use `Ki`, `Mi`, `Gi`, `Ti`, `k`, `M`, `G`, `T`",
        );
        check::<ByteQuantity>("0.3Ki", "it is a fraction of a byte");
        check::<ByteQuantity>("8Ei", "it is too large");
        check::<ByteQuantity>(&"9".repeat(60), "it has too many digits");
        check::<ByteQuantity>(&format!("0.{}1", "0".repeat(60)), "it has too many digits");
    }

    #[test]
    fn amounts_are_ordered_across_notations() {
        let bytes = |text: &str| text.parse::<ByteQuantity>().unwrap();
        assert!(bytes("1G") < bytes("1Gi"));
        assert_eq!(bytes("1073741824"), bytes("1Gi"));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn printing_loses_nothing_and_is_a_fixed_point(
            amount in 1..1_000_000_000_u64,
            unit in prop::sample::select(vec!["", "k", "M", "G", "Ki", "Mi", "Gi"]),
        ) {
            let first: ByteQuantity = format!("{amount}{unit}").parse().unwrap();
            let again: ByteQuantity = first.to_string().parse().unwrap();
            prop_assert_eq!(first.bytes(), again.bytes());
            prop_assert_eq!(first.to_string(), again.to_string());
            let first: CpuQuantity = format!("{amount}m").parse().unwrap();
            prop_assert_eq!(first, first.to_string().parse().unwrap());
        }

        #[test]
        fn no_text_makes_a_quantity_panic(text in ".{0,40}") {
            let _outcome = (text.parse::<CpuQuantity>(), text.parse::<ByteQuantity>());
        }
    }
}
