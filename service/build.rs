//! Extracts the two Swagger UI files of the documentation page from their archive, and compresses them by gzip.

use std::error::Error;
use std::fs::File;
use std::io::{Cursor, copy};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let directory = std::env::var("OUT_DIR")?;
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for name in ["swagger-ui-bundle.js", "swagger-ui.css"] {
        let suffix = format!("/dist/{name}");
        let index = (0..archive.len())
            .find(|index| matches!(archive.name_for_index(*index), Some(Ok(path)) if path.ends_with(&suffix)))
            .ok_or_else(|| format!("the archive of Swagger UI has no `{name}`"))?;
        let file = File::create(Path::new(&directory).join(format!("{name}.gz")))?;
        let mut compressed = GzEncoder::new(file, Compression::best());
        copy(&mut archive.by_index(index)?, &mut compressed)?;
        compressed.finish()?;
    }
    Ok(())
}
