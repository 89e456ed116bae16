//! What a session has around it: checkpoints of its files, and a place for outputs that are too long for the model.

use std::path::PathBuf;
use std::sync::Arc;

use agent::{Checkpoints, ServiceError, Spill};
use async_trait::async_trait;
use journal::CallId;
use workspace::Workspace;

/// Checkpoints of a session's files.
pub(crate) struct Files(pub(crate) Arc<Workspace>);

#[async_trait]
impl Checkpoints for Files {
    async fn checkpoint(&self, label: &str) -> Result<String, ServiceError> {
        let label = label.to_owned();
        let kept = self.aside(move |workspace| workspace.checkpoint(&label));
        Ok(kept.await?.to_string())
    }

    async fn restore(&self, id: &str) -> Result<(), ServiceError> {
        let id = id
            .parse()
            .map_err(|_| ServiceError(format!("{id} names no checkpoint")))?;
        self.aside(move |workspace| workspace.restore(id)).await?;
        Ok(())
    }
}

impl Files {
    /// Does what reads and writes files where nobody waits for it in the meantime.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Workspace) -> Result<T, workspace::WorkspaceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let workspace = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || work(&workspace))
            .await
            .map_err(|error| ServiceError(error.to_string()))?
            .map_err(|error| ServiceError(error.to_string()))
    }
}

/// Outputs that are too long for the model, in files that tools can read and no tool can write.
pub(crate) struct Outputs {
    /// Where they are kept.
    pub(crate) directory: PathBuf,
    /// The same, as tools see it.
    pub(crate) shown: String,
}

#[async_trait]
impl Spill for Outputs {
    async fn keep(&self, call: CallId, tool: &str, text: &str) -> Result<String, ServiceError> {
        let name = format!("{call}-{tool}.txt");
        let path = self.directory.join(&name);
        let text = text.to_owned();
        let shown = path.display().to_string();
        tokio::task::spawn_blocking(move || std::fs::write(path, text))
            .await
            .map_err(std::io::Error::other)
            .flatten()
            .map_err(|error| ServiceError(format!("{shown}: {error}")))?;
        Ok(format!("{}/{name}", self.shown))
    }
}
