//! Pages that are sent in pieces: what is the same for many is rendered and compressed once, what is one person's
//! stands between. Compressed pieces are joined without compressing again: each is a run of whole deflate blocks that
//! ends at a byte (RFC 1951, 3.2.4), and the checksum of the whole follows from those of its pieces (RFC 1952).

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress};

use super::show::{is_known, not_modified};
use crate::web::{Failure, assets};

/// A part of a page, plain and compressed.
#[derive(Debug)]
pub struct Piece {
    plain: Bytes,
    blocks: Bytes,
    checksum: Crc,
    tag: String,
}

impl Piece {
    /// As it is.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.plain).unwrap_or_default()
    }

    /// Compresses a text.
    ///
    /// # Errors
    /// When it cannot be compressed, which is a fault of ours.
    pub fn of(text: String) -> Result<Self, Failure> {
        let mut checksum = Crc::new();
        checksum.update(text.as_bytes());
        let tag = assets::tag(text.as_bytes());
        let tag = tag.to_str().unwrap_or_default().trim_matches('"').to_owned();
        Ok(Self {
            blocks: blocks(text.as_bytes()).map_err(Failure::internal)?.into(),
            plain: text.into(),
            checksum,
            tag,
        })
    }
}

/// Deflate blocks, none of which is the last.
fn blocks(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut compress = Compress::new(Compression::default(), false);
    // Text that does not compress grows by five bytes a block.
    let mut out = Vec::with_capacity(text.len() + text.len() / 1000 + 1024);
    loop {
        let done = usize::try_from(compress.total_in()).map_err(|error| error.to_string())?;
        let before = out.len();
        compress
            .compress_vec(&text[done..], &mut out, FlushCompress::Sync)
            .map_err(|error| error.to_string())?;
        let done = usize::try_from(compress.total_in()).map_err(|error| error.to_string())?;
        if done == text.len() && out.len() < out.capacity() {
            return Ok(out);
        }
        if out.len() == before && out.len() < out.capacity() {
            return Err("compression stands still".into());
        }
        out.reserve(text.len() / 2 + 1024);
    }
}

/// The pieces, one after the other, as one gzip member.
fn joined(pieces: &[&Piece]) -> Vec<u8> {
    const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    /// An empty block that is the last.
    const END: [u8; 2] = [3, 0];
    let mut out = Vec::with_capacity(32 + pieces.iter().map(|piece| piece.blocks.len()).sum::<usize>());
    let mut checksum = Crc::new();
    out.extend(HEAD);
    for piece in pieces {
        out.extend_from_slice(&piece.blocks);
        checksum.combine(&piece.checksum);
    }
    out.extend(END);
    out.extend(checksum.sum().to_le_bytes());
    out.extend(checksum.amount().to_le_bytes());
    out
}

/// A page of these pieces; without a body where the client has it already.
#[must_use]
pub fn answer(pieces: &[&Piece], headers: &HeaderMap) -> Response {
    let tags: Vec<&str> = pieces.iter().map(|piece| piece.tag.as_str()).collect();
    let tag = HeaderValue::from_str(&format!("\"{}\"", tags.join("."))).unwrap_or(HeaderValue::from_static("\"\""));
    let mut response = if tag.to_str().is_ok_and(|tag| is_known(headers, tag)) {
        not_modified(&tag)
    } else {
        page(pieces, assets::accepts_gzip(headers))
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding, cookie"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

fn page(pieces: &[&Piece], gzip: bool) -> Response {
    let body = if gzip {
        joined(pieces)
    } else {
        pieces.iter().flat_map(|piece| piece.plain.iter().copied()).collect()
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    fn unpacked(pieces: &[&Piece]) -> String {
        let packed = joined(pieces);
        let mut text = String::new();
        GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn joined_pieces_are_one_page() {
        let long = "<p>lesson</p>".repeat(9_000);
        let pieces =
            [long.as_str(), "", "ü", "<section>quiz</section>"].map(|text| Piece::of(text.to_owned()).unwrap());
        let all: Vec<&Piece> = pieces.iter().collect();
        assert_eq!(unpacked(&all), format!("{long}ü<section>quiz</section>"));
        assert!(joined(&all).len() < 2_000);
        assert_eq!(unpacked(&[]), "");
    }

    #[test]
    fn a_client_that_has_it_gets_no_body() {
        let piece = Piece::of("a".into()).unwrap();
        let first = answer(&[&piece], &HeaderMap::new());
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        assert_eq!(answer(&[&piece], &headers).status(), StatusCode::NOT_MODIFIED);
        let other = Piece::of("b".into()).unwrap();
        assert_eq!(answer(&[&piece, &other], &headers).status(), StatusCode::OK);
    }

    proptest! {
        #[test]
        fn any_texts_can_be_joined(texts in prop::collection::vec(".{0,400}", 0..5)) {
            let pieces: Vec<Piece> = texts.iter().map(|text| Piece::of(text.clone()).unwrap()).collect();
            prop_assert_eq!(unpacked(&pieces.iter().collect::<Vec<_>>()), texts.concat());
        }
    }
}
