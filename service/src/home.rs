//! `/`: the sample's welcome line, and for browsers a page that shows and adds documents.

mod add;
mod document;
mod entry;
mod fault;
mod greeting;
mod html;
mod list;
mod negotiation;
mod origin;
mod page;
mod show;
mod value;

pub(crate) use add::{Add, back};
pub(crate) use list::RecentDocuments;
pub(crate) use page::{script, style};
pub(crate) use show::Home;
