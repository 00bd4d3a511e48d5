//! `/`: the sample's line of text.

mod greeting;

pub(crate) use greeting::greet;
