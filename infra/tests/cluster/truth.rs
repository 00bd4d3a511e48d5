//! Plans match the cluster, and applies match their plans: one test for each row of the table of cases.

mod admission;
mod bed;
mod content;
mod gone;
mod kinds;
mod others;
mod partial;
mod races;
