//! Several sign-ins, one after the other in one window. Nothing is kept but the flows themselves: where the walk is,
//! is read from them.

use aiq_connect_shared::{FlowState, Intent};

use super::{Connections, StartError};
use crate::domain::{Flow, FlowId, FlowPhase, PrincipalId};

/// One sign-in of a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// For which source.
    pub source: String,
    /// The flow's name, chosen by the page.
    pub flow: FlowId,
    /// What the person wants there; an announced flow's own wish wins.
    pub intent: Intent,
}

impl Connections {
    /// Where each of these sign-ins is, in the same order; `None` for one that has not been made yet.
    ///
    /// # Errors
    /// A source that has nothing to connect, or a flow that is for another source.
    pub async fn stops(&self, principal: &PrincipalId, stops: &[Stop]) -> Result<Vec<Option<Flow>>, StartError> {
        let mut flows = Vec::with_capacity(stops.len());
        for stop in stops {
            self.protected(&stop.source)?;
            let flow = self.store.find_flow(stop.flow, principal).await?;
            if flow.as_ref().is_some_and(|flow| flow.source.as_str() != stop.source) {
                return Err(StartError::FlowOver);
            }
            flows.push(flow);
        }
        Ok(flows)
    }

    /// Makes the flow of a stop if there is none yet, so that the page can ask about it, or call it off, before its
    /// turn comes.
    ///
    /// # Errors
    /// As for a launch; a name that is somebody else's is [`StartError::FlowOver`].
    pub async fn announce_stop(&self, principal: &PrincipalId, stop: &Stop) -> Result<Flow, StartError> {
        let protected = self.startable(&stop.source)?;
        self.new_flow(principal, protected, Some(stop.flow), stop.intent).await
    }

    /// Leaves a stop out: its flow is called off, unless it has ended.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn skip_stop(&self, flow: &mut Flow) -> Result<(), StartError> {
        if flow.state() == FlowState::Pending {
            self.store.end_flow(flow.id, FlowPhase::Cancelled, None).await?;
            self.heard(&flow.principal);
            *flow = self.store.find_flow(flow.id, &flow.principal.clone()).await?.ok_or(StartError::FlowOver)?;
        }
        Ok(())
    }
}
