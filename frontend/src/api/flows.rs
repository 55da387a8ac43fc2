//! Sign-ins.

use aiq_connect_shared::{Intent, StatusAnswer};
use gloo_net::http::Request;
use uuid::Uuid;

use super::ApiError;

/// Where the sign-in window goes: our own launch page.
pub fn launch_url(source: &str, connect_url: Option<&str>, flow: Uuid, intent: Intent) -> String {
    let own = format!("/v1/auth/mcp/{source}/connect");
    let url = connect_url.unwrap_or(&own);
    let separator = if url.contains('?') { '&' } else { '?' };
    let intent = match intent {
        Intent::Reconnect => "reconnect",
        Intent::SwitchAccount => "switch_account",
        Intent::MorePermission => "more_permission",
    };
    format!("{url}{separator}flow={flow}&intent={intent}")
}

/// The truth about a source, and about one sign-in.
pub async fn status(source: &str, flow: Option<Uuid>) -> Result<StatusAnswer, ApiError> {
    let query = flow.map(|flow| format!("?flow={flow}")).unwrap_or_default();
    super::get(&format!("/v1/auth/mcp/{source}/status{query}")).await
}

/// Calls a sign-in off. One that is over, or never began, is as good as cancelled.
pub async fn cancel(source: &str, flow: Uuid) -> Result<(), ApiError> {
    let request = Request::delete(&format!("/v1/auth/mcp/{source}/flows/{flow}"));
    let response = super::send(request, &serde_json::json!({})).await?;
    match response.status() {
        200..=299 | 404 | 409 | 410 => Ok(()),
        _ => Err(super::refusal(response).await),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_goes_to_our_own_launch_page_with_the_flow_the_page_chose() {
        let flow = Uuid::from_u128(7);
        assert_eq!(
            launch_url("incidents", Some("/v1/auth/mcp/incidents/connect"), flow, Intent::SwitchAccount),
            "/v1/auth/mcp/incidents/connect?flow=00000000-0000-0000-0000-000000000007&intent=switch_account"
        );
    }

    #[test]
    fn a_server_that_names_no_launch_page_gets_the_usual_one() {
        let url = launch_url("a", None, Uuid::from_u128(7), Intent::Reconnect);
        assert!(url.starts_with("/v1/auth/mcp/a/connect?flow="));
        assert!(url.ends_with("&intent=reconnect"));
    }
}
