//! The one shape of every answer that is not a success. Never hides which of the known kinds it is.

use axum::{
    Json,
    extract::rejection::{JsonRejection, QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use halfway_agent::protocol::{ErrorBody, ErrorDetail, ErrorKind};
use rustix::io::Errno;

/// An error that a client sees.
#[derive(Debug)]
pub struct ApiError(ErrorDetail);

impl ApiError {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(ErrorDetail {
            kind,
            message: message.into(),
        })
    }

    /// Something could not be started: a limit of the sandbox, or the thing itself.
    pub fn starting(what: &str, error: &std::io::Error) -> Self {
        match Errno::from_io_error(error) {
            Some(Errno::AGAIN) => Self::new(
                ErrorKind::Limit,
                format!("{what}: the sandbox has as many processes as it may have"),
            ),
            Some(Errno::MFILE | Errno::NFILE) => {
                Self::new(ErrorKind::Limit, format!("{what}: too many files are open"))
            }
            Some(Errno::NOMEM) => Self::new(ErrorKind::Limit, format!("{what}: there is not enough memory")),
            _ => Self::new(ErrorKind::CannotStart, format!("{what}: {error}")),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(ErrorBody { error: self.0 })).into_response()
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(ErrorKind::BadRequest, rejection.body_text())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(ErrorKind::BadRequest, rejection.body_text())
    }
}
