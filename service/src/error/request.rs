//! Why a query or an `Idempotency-Key` is refused.

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    #[error("unknown query parameter `{name}`; supported: {supported}")]
    Unknown { name: String, supported: &'static str },
    #[error("the query parameter `{name}` was given more than once")]
    Repeated { name: &'static str },
    #[error("the query parameter `limit` must be an integer from 1 to {maximum}")]
    Limit { maximum: u32 },
    /// Not from a `Link` of this collection, or from before its connection string changed.
    #[error("the query parameter `after` is invalid or outdated; start again without it")]
    After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdempotencyKeyError {
    #[error("`Idempotency-Key` was sent more than once")]
    Repeated,
    #[error("`Idempotency-Key` must be 1 to {maximum} printable ASCII characters")]
    Invalid { maximum: usize },
}
