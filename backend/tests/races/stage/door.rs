//! What lets a browser of the tests talk to a process: a router that passes everything on over real HTTP.

use std::net::SocketAddr;

use axum::{
    Router,
    body::{self, Body},
    extract::Request,
    response::Response,
};

/// The door of whoever listens there.
pub fn to(address: SocketAddr) -> Router {
    let client = client();
    Router::new().fallback(move |request: Request| pass_on(client.clone(), address, request))
}

#[expect(clippy::disallowed_methods, reason = "a browser or worker on this machine, not the service")]
fn client() -> reqwest::Client {
    // Without certificates to read: everybody here speaks plain http.
    let client = reqwest::Client::builder().tls_certs_only([]).redirect(reqwest::redirect::Policy::none()).no_proxy();
    client.timeout(std::time::Duration::from_secs(40)).build().unwrap()
}

/// A process that is killed meanwhile leaves 502 behind.
async fn pass_on(client: reqwest::Client, address: SocketAddr, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body::to_bytes(body, 1 << 20).await.unwrap();
    let url = format!("http://{address}{}", parts.uri);
    let sent = client.request(parts.method, url).headers(parts.headers).body(body).send().await;
    let Ok(answer) = sent else { return gone() };
    let mut passed = Response::builder().status(answer.status());
    passed.headers_mut().unwrap().extend(answer.headers().clone());
    match answer.bytes().await {
        Ok(body) => passed.body(Body::from(body)).unwrap(),
        Err(_) => gone(),
    }
}

fn gone() -> Response {
    Response::builder().status(502).body(Body::empty()).unwrap()
}
