//! A session that is only changed, not gone on with: no model, no tools.

use agent::{
    Approval, CallContext, Model, ModelError, Prepared, ToolFailure, ToolOutcome, ToolSpec, Tools,
    Turn, TurnRequest, TurnSink,
};
use async_trait::async_trait;
use serde_json::Value;

/// Stands where a session has its model and its tools.
pub(crate) struct Still {
    /// What the session's model is called.
    pub(crate) model: String,
}

#[async_trait]
impl Model for Still {
    fn label(&self) -> String {
        self.model.clone()
    }

    async fn turn(&self, _: TurnRequest<'_>, _: &mut dyn TurnSink) -> Result<Turn, ModelError> {
        Err(ModelError::Script("nobody is asked here".to_owned()))
    }
}

#[async_trait]
impl Tools for Still {
    fn specs(&self) -> Vec<ToolSpec> {
        Vec::new()
    }

    fn prepare(&self, tool: &str, _: &Value) -> Result<Prepared, ToolFailure> {
        Err(ToolFailure::Failed {
            message: format!("there is no tool `{tool}`"),
        })
    }

    async fn run(&self, _: Prepared, _: Approval, _: CallContext) -> ToolOutcome {
        ToolOutcome {
            result: Err(ToolFailure::Cancelled),
            receipt: agent::Receipt::default(),
            denials: Vec::new(),
        }
    }
}
