//! The loop of one role: turn after turn, on a connection of its own.

use super::{
    instrumented::Instrumented,
    log_actions, metrics, pause,
    problems::ProblemLog,
    stagger,
    status::{LoopStatus, Status},
    Handles,
};
use crate::{
    epochs::EpochCache,
    roles::{Action, Announcement, Figures, Listener, Role, RoleError, Subnets, Turn},
};
use inktensor_client::chain::{ChainError, ChainRead};
use inktensor_primitives::{AccountId, NetUid};
use std::{rc::Rc, sync::Arc, time::Duration};
use tracing::{debug, info};

/// The loop of one role.
pub struct RoleLoop {
    /// Name of the role.
    pub name: &'static str,
    /// The role.
    pub role: Box<dyn Role>,
    /// Connection of the role.
    pub chain: Instrumented,
    /// Each node of the chain alone, if several must agree.
    pub views: Vec<Rc<dyn ChainRead>>,
    /// Epochs that the role has computed.
    pub epochs: EpochCache,
    /// Subnets that the role serves.
    pub subnets: Subnets,
    /// Health of the worker, and the request to stop.
    pub handles: Handles,
    /// Health of the loop.
    pub status: Arc<LoopStatus>,
    /// Account that signs.
    pub account: AccountId,
    /// Time between two reads of the chain.
    pub poll: Duration,
    /// Longest wait before the role acts on a block.
    pub stagger: Duration,
    /// Progress of the loop.
    pub progress: Progress,
}

/// The progress of a loop.
pub struct Progress {
    /// Block at which nothing was due any more.
    seen: Option<u32>,
    /// Last block that the role has acted on.
    acted: Option<u32>,
    /// Number of consecutive turns that did not reach the chain.
    pub failures: u32,
    /// Present problems.
    pub problems: ProblemLog,
}

impl Progress {
    /// Creates the progress of a role that begins.
    pub const fn of(role: &'static str) -> Self {
        Self {
            seen: None,
            acted: None,
            failures: 0,
            problems: ProblemLog::of(role),
        }
    }
}

impl RoleLoop {
    /// Works until the worker is asked to stop.
    pub fn run(mut self) {
        while self.handles.stop.asked_by().is_none() {
            if !self.turn() {
                self.handles
                    .stop
                    .wait(pause(self.poll, self.progress.failures));
            }
        }
    }

    /// Looks at the chain once, and takes the first steps that are due. Returns true if more may be
    /// due at once.
    pub fn turn(&mut self) -> bool {
        let looked = match self.chain.see_block() {
            Ok(block) if self.progress.seen == Some(block) => Ok(false),
            Ok(block) => self.look(block),
            Err(trouble) => Err(trouble),
        };
        metrics::count_turn(self.name);
        let progress = &mut self.progress;
        match looked {
            Ok(moved) => {
                if progress.failures > 0 {
                    info!(role = self.name, "the chain answers again");
                }
                progress.failures = 0;
                self.status.turned(None);
                moved
            }
            Err(trouble) => {
                progress.failures = progress.failures.saturating_add(1);
                // The view of the block may be incomplete.
                progress.seen = None;
                progress.problems.add_trouble(&trouble);
                self.status.turned(Some(trouble.to_string()));
                false
            }
        }
    }

    fn look(&mut self, block: u32) -> Result<bool, ChainError> {
        let progress = &mut self.progress;
        if progress.acted != Some(block) {
            progress.acted = Some(block);
            let wait = stagger(self.stagger, &self.account, block);
            self.handles.stop.wait(wait);
        }
        progress.problems.begin_turn();
        let mut listener = Reporter {
            role: self.name,
            block,
            problems: &mut progress.problems,
            status: &self.handles.status,
        };
        let moved = self.role.turn(&mut Turn {
            chain: &mut self.chain,
            epochs: &mut self.epochs,
            subnets: &mut self.subnets,
            listener: &mut listener,
            views: &self.views,
        })?;
        if moved {
            progress.seen = None;
        } else {
            progress.seen = Some(block);
            progress.problems.end_turn();
        }
        Ok(moved)
    }
}

/// Logs and counts the outcomes of a turn as they come.
struct Reporter<'a> {
    role: &'static str,
    block: u32,
    problems: &'a mut ProblemLog,
    status: &'a Status,
}

impl Listener for Reporter<'_> {
    fn took(&mut self, action: Action) {
        metrics::count_action(&action);
        log_actions::log(&action, self.block);
    }

    fn overtaken(&mut self, netuid: NetUid, how: RoleError) {
        metrics::count_overtaken(netuid);
        let (role, block) = (self.role, self.block);
        debug!(role, block, netuid = netuid.0, %how, "another account was first");
    }

    fn problem(&mut self, netuid: NetUid, problem: RoleError) {
        self.problems.add(netuid, &problem);
    }

    fn looked_at(&mut self, netuid: NetUid) {
        self.problems.looked_at(netuid);
    }

    fn unchecked(&mut self, netuid: NetUid, blocks_left: Option<u32>) {
        metrics::set_unchecked(netuid, blocks_left);
    }

    fn general_problem(&mut self, problem: RoleError) {
        self.problems.add_general(&problem);
    }

    fn proposed(&mut self, announcement: &Announcement) {
        log_actions::log_proposal(announcement, self.block);
    }

    fn measured(&mut self, figures: Figures) {
        metrics::set_governance(&figures);
        self.status.measured(figures);
    }
}
