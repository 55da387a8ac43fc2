//! Sign-ins.

use aiq_connect_shared::{Intent, StatusAnswer};
use gloo_net::http::Request;
use uuid::Uuid;

use super::ApiError;
use crate::state::walk::{Stop, Walk};

/// Where the sign-in window goes: our own launch page.
pub fn launch_url(source: &str, connect_url: Option<&str>, flow: Uuid, intent: Intent) -> String {
    let own = format!("/v1/auth/mcp/{source}/connect");
    let url = connect_url.unwrap_or(&own);
    let separator = if url.contains('?') { '&' } else { '?' };
    let intent = intent.as_str();
    format!("{url}{separator}flow={flow}&intent={intent}")
}

/// Where the window goes that visits several: our own page, which leads from one launch page to the next.
pub fn walk_url(walk: &Walk) -> String {
    let list = |word: &dyn Fn(&Stop) -> String| walk.stops.iter().map(word).collect::<Vec<_>>().join(",");
    let intents = list(&|stop| stop.intent.as_str().to_owned());
    format!(
        "/sign-in/all?sources={}&flows={}&intents={intents}",
        list(&|stop| stop.id.clone()),
        list(&|stop| stop.flow.to_string())
    )
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
    fn the_window_of_several_names_each_with_its_flow_and_intent() {
        let stop = |id: &str, flow, intent| Stop { id: id.to_owned(), flow: Uuid::from_u128(flow), intent };
        let stops = vec![stop("a", 1, Intent::Reconnect), stop("b", 2, Intent::MorePermission)];
        assert_eq!(
            walk_url(&Walk { stops }),
            "/sign-in/all?sources=a,b&flows=00000000-0000-0000-0000-000000000001,00000000-0000-0000-0000-000000000002\
             &intents=reconnect,more_permission"
        );
    }

    #[test]
    fn a_server_that_names_no_launch_page_gets_the_usual_one() {
        let url = launch_url("a", None, Uuid::from_u128(7), Intent::Reconnect);
        assert!(url.starts_with("/v1/auth/mcp/a/connect?flow="));
        assert!(url.ends_with("&intent=reconnect"));
    }
}
