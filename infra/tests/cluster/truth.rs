//! What the engine says of a cluster is what is there, and what it does is what it said: one row of the table of cases each.

mod admission;
mod bed;
mod content;
mod gone;
mod kinds;
mod others;
mod partial;
mod races;
