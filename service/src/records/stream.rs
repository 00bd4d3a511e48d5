//! Streams the collection as chunks of a response, one per batch.

use futures::Stream;
use futures::stream;
use salvo::hyper::body::Bytes;

use super::format::Format;
use super::list_writer::{ListWriter, SerializationError};
use crate::database::{Batches, Failure};

/// Why a list breaks off; the connection then closes without the final chunk.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamError {
    #[error(transparent)]
    Database(#[from] Failure),
    #[error(transparent)]
    Document(#[from] SerializationError),
}

/// The rest of the read and of the text; `None` after the last chunk.
type State = Option<(Batches, ListWriter)>;

pub(super) fn chunks(
    batches: Batches,
    format: Format,
    request_id: String,
) -> impl Stream<Item = Result<Bytes, StreamError>> + Send + 'static {
    let start = Some((batches, ListWriter::new(format)));
    stream::try_unfold(start, move |state| {
        let request_id = request_id.clone();
        async move {
            let chunk = chunk(state).await;
            if let Err(error) = &chunk {
                tracing::error!(request_id, %error, "response aborted");
            }
            chunk
        }
    })
}

async fn chunk(state: State) -> Result<Option<(Bytes, State)>, StreamError> {
    let Some((batches, mut text)) = state else {
        return Ok(None);
    };
    let Some((batch, batches)) = batches.next().await? else {
        return Ok(Some((Bytes::from_static(text.end().as_bytes()), None)));
    };
    let mut chunk = Vec::with_capacity(batch.as_raw_document().as_bytes().len());
    let documents = batch.doc_slices().map_err(|_| SerializationError)?;
    text.write(documents, &mut chunk)?;
    Ok(Some((Bytes::from(chunk), Some((batches, text)))))
}
