//! The `Host` header, which HTTP/1.1 wants exactly once: two of them are how requests are smuggled past a proxy.

use salvo::http::{Version, header::HOST};
use salvo::{Depot, FlowCtrl, Request, Response, Writer, handler};

use crate::error::Error;

/// Answers 400 to a request with no, two or an unreadable `Host`; HTTP/1.0 may leave it out.
#[handler]
pub(crate) async fn require_host(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
    flow: &mut FlowCtrl,
) {
    let mut hosts = request.headers().get_all(HOST).iter();
    let sound = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host
            .to_str()
            .is_ok_and(|host| host.is_empty() || is_authority(host)),
        (None, None) => request.version() == Version::HTTP_10,
        _ => false,
    };
    if !sound {
        Error::Host.write(request, depot, response).await;
        flow.skip_rest();
    }
}

/// A host with an optional port, without a user.
fn is_authority(host: &str) -> bool {
    !host.contains('@') && host.parse::<salvo::http::uri::Authority>().is_ok()
}
