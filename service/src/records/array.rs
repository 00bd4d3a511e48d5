//! Batches of documents as the chunks of one JSON array.

use bson::raw::RawBsonRef;
use futures::Stream;
use futures::stream;
use mongodb::raw_batch_cursor::RawBatch;
use salvo::hyper::body::Bytes;

use crate::conversion::Json;
use crate::database::{Batches, Failure};

/// Why an array ends before its bracket; the connection is then closed without the end mark of a chunked body.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error(transparent)]
    Database(#[from] Failure),
    #[error("a stored document cannot be written as JSON")]
    Document,
}

enum State {
    Before(Batches),
    Inside(Batches),
    After,
}

/// Streams the array, one chunk for each reply of MongoDB.
pub(super) fn chunks(
    batches: Batches,
    request_id: String,
) -> impl Stream<Item = Result<Bytes, Broken>> + Send + 'static {
    stream::try_unfold(State::Before(batches), move |state| {
        let request_id = request_id.clone();
        async move {
            let chunk = chunk(state).await;
            if let Err(error) = &chunk {
                tracing::error!(request_id, %error, "answer cut off");
            }
            chunk
        }
    })
}

async fn chunk(state: State) -> Result<Option<(Bytes, State)>, Broken> {
    let (batches, mut separator) = match state {
        State::Before(batches) => (batches, "["),
        State::Inside(batches) => (batches, ","),
        State::After => return Ok(None),
    };
    let Some((batch, batches)) = batches.next().await? else {
        let end = if separator == "[" { "[]" } else { "]" };
        return Ok(Some((Bytes::from_static(end.as_bytes()), State::After)));
    };
    let mut text = Vec::with_capacity(batch.as_raw_document().as_bytes().len());
    write(&batch, &mut separator, &mut text).map_err(|_| Broken::Document)?;
    let state = if separator == "[" {
        State::Before(batches)
    } else {
        State::Inside(batches)
    };
    Ok(Some((Bytes::from(text), state)))
}

/// Appends the documents, each with what stands before it.
fn write(
    batch: &RawBatch,
    separator: &mut &str,
    text: &mut Vec<u8>,
) -> Result<(), Box<dyn std::error::Error>> {
    for document in batch.doc_slices()? {
        text.extend_from_slice(separator.as_bytes());
        *separator = ",";
        if let RawBsonRef::Document(document) = document? {
            serde_json::to_writer(&mut *text, &Json(RawBsonRef::Document(document)))?;
        }
    }
    Ok(())
}
