//! What a command would do, as its tool's history tells.

use shipgate_release::Failure;
use shipgate_release::ports::{Survey, Target};

use super::CommandMigrator;
use crate::wiring::tool_history::{ToolHistory, title};
use crate::wiring::way::Purpose;

impl CommandMigrator {
    pub(super) async fn survey_of(&self, history: &ToolHistory) -> Result<Survey, Failure> {
        let database = self.opened(Target::Live)?;
        let position = history.position(database.as_ref(), &self.reading()).await?;
        let tool = history.title();
        let obstacles = position.obstacles();
        if !obstacles.is_empty() {
            return Err(Failure::new(
                "history-unfinished",
                format!(
                    "the history of {tool} is not one that `{}` can go on from",
                    self.command.as_written()
                ),
            )
            .with_report(obstacles)
            .with_hints(position.hints()));
        }
        let pending: Vec<String> = position.pending().map(title).collect();
        let beyond: Vec<String> = position.beyond().map(title).collect();
        let place = self
            .database
            .file()
            .and_then(std::path::Path::file_name)
            .map_or_else(String::new, |name| format!(", {}", name.to_string_lossy()));
        let count = match (pending.len(), beyond.len()) {
            (0, 0) => "nothing pending".to_owned(),
            (1, 0) => "1 pending migration".to_owned(),
            (more, 0) => format!("{more} pending migrations"),
            (0, back) => format!("{back} to take back"),
            (more, back) => format!("{more} pending and {back} to take back"),
        };
        let mut details: Vec<String> = position
            .pending()
            .map(|entry| match &entry.why {
                Some(why) => format!("pending: {} ({why})", title(entry)),
                None => format!("pending: {}", title(entry)),
            })
            .collect();
        details.extend(beyond.iter().map(|entry| format!("to take back: {entry}")));
        details.extend(position.remarks());
        if !position.is_reached() || self.purpose == Purpose::Anything {
            details.push(match &self.remark {
                Some(why) => format!("by `{}`: {why}", self.command.as_written()),
                None => format!("by `{}`", self.command.as_written()),
            });
        }
        Ok(Survey {
            summary: format!("{tool}: {count}, {}{place}", position.at()),
            details,
            pending: Some([pending, beyond].concat()),
        })
    }
}
