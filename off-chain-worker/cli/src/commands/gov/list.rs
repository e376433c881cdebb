//! `inktensor gov list`, `queue` and `tracks`: tables.

use super::{
    governing,
    state::{self, cut, left, percent, plain, time, Shares},
};
use crate::{
    args::ListArgs,
    error::Failure,
    network::Network,
    output::{
        self,
        format::tao,
        json::{Address, Hex},
        table::{number, text, Room, Table},
    },
};
use inktensor_client::deploy::Governing;
use inktensor_primitives::{
    governance::{Body, Governance, ProposalView, State, Track, TrackRules},
    Rao,
};
use serde::Serialize;
use std::io::{self, Write};

/// Arguments of `gov list`.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    list: ListArgs,
    /// Proposals on this track only
    #[arg(long, value_parser = track, value_name = "TRACK")]
    track: Option<Track>,
    /// Proposals that have not ended only
    #[arg(long)]
    open: bool,
}

/// Arguments of `gov queue`.
#[derive(clap::Args)]
pub struct Queue {
    #[command(flatten)]
    list: ListArgs,
}

/// Arguments of `gov tracks`.
#[derive(clap::Args)]
pub struct Tracks {
    #[command(flatten)]
    list: ListArgs,
}

/// A proposal as a row.
#[derive(Clone, Serialize)]
pub struct Row {
    /// Number of the proposal.
    pub id: u32,
    /// Name of the track.
    pub track: &'static str,
    /// Title, as its proposer wrote it.
    pub title: String,
    /// The account that made the proposal.
    pub proposer: Address,
    /// Name of the state.
    pub state: &'static str,
    /// Block at which the state ends by itself.
    pub until: Option<u32>,
    /// Deposit of the track.
    pub deposit_rao: u64,
    /// Part of the deposit that was put.
    pub put_rao: u64,
    /// Root epoch at whose end stake counts.
    pub snapshot: Option<u32>,
    /// All stake that could vote at the snapshot.
    pub electorate_rao: Option<u64>,
    /// Stake for the proposal.
    pub ayes_rao: u64,
    /// Stake against the proposal.
    pub nays_rao: u64,
    /// Stake of abstentions.
    pub abstains_rao: u64,
    /// Ayes of ayes and nays, in millionths.
    pub approval: u32,
    /// Approval that is needed now, in millionths.
    pub approval_needed: u32,
    /// Ayes of the electorate, in millionths.
    pub support: u32,
    /// Support that is needed now, in millionths.
    pub support_needed: u32,
    /// Digest that is voted on.
    pub digest: Hex,
}

impl Row {
    /// Returns the row of a proposal.
    pub fn new(view: &ProposalView, body: &Body, floor: Rao) -> Self {
        let shares = Shares::of(view, floor);
        Self {
            id: view.id,
            track: view.track.name(),
            title: body.title.clone(),
            proposer: view.proposer.into(),
            state: state::name(view.state),
            until: state::until(view.state),
            deposit_rao: view.rules.deposit.0,
            put_rao: view.put.0,
            snapshot: view.snapshot,
            electorate_rao: view.electorate.map(|it| it.0),
            ayes_rao: view.tally.ayes.0,
            nays_rao: view.tally.nays.0,
            abstains_rao: view.tally.abstains.0,
            approval: shares.approval,
            approval_needed: shares.approval_needed,
            support: shares.support,
            support_needed: shares.support_needed,
            digest: Hex::from(view.digest),
        }
    }
}

/// Proposals.
#[derive(Serialize)]
#[serde(transparent)]
struct Proposals {
    rows: Vec<Row>,
    #[serde(skip)]
    block: u32,
}

/// Parses the name of a track.
pub fn track(name: &str) -> Result<Track, String> {
    let found = Track::ALL.into_iter().find(|it| it.name() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = Track::ALL.iter().map(|it| it.name()).collect();
        format!("expected a track: {}", names.join(", "))
    })
}

/// Lists proposals.
pub fn list(arguments: &List, out: &mut dyn Write) -> Result<(), Failure> {
    let is_wanted = |it: &ProposalView| {
        arguments.track.is_none_or(|track| it.track == track)
            && (!arguments.open || !it.state.is_final())
    };
    show(&arguments.list, is_wanted, out)
}

/// Lists the proposals that are approved and not executed.
pub fn queue(arguments: &Queue, out: &mut dyn Write) -> Result<(), Failure> {
    let is_wanted = |it: &ProposalView| matches!(it.state, State::Queued(_) | State::Ready(_));
    show(&arguments.list, is_wanted, out)
}

fn show(
    list: &ListArgs,
    is_wanted: impl Fn(&ProposalView) -> bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let network = list.open()?;
    let at = governing(&network)?;
    let answer = Proposals {
        rows: rows(&network, at, is_wanted)?,
        block: network.block()?,
    };
    Ok(list.show(&answer, out)?)
}

/// Returns the rows of the proposals that are wanted.
fn rows(
    network: &Network,
    at: Governing,
    is_wanted: impl Fn(&ProposalView) -> bool,
) -> Result<Vec<Row>, Failure> {
    let governance = || at.governance();
    let made: u32 = network.query(governance().proposals())?;
    let floor: Rao = network.query(governance().electorate_floor())?;
    let views: Vec<Option<ProposalView>> =
        network.query_all((0..made).map(|id| governance().proposal(id)))?;
    let views: Vec<ProposalView> = views.into_iter().flatten().filter(is_wanted).collect();
    let bodies: Vec<Option<Body>> =
        network.query_all(views.iter().map(|it| governance().body(it.id)))?;
    let both = views.iter().zip(&bodies);
    let rows = both.filter_map(|(view, body)| Some(Row::new(view, body.as_ref()?, floor)));
    Ok(rows.collect())
}

impl output::List for Proposals {
    type Row = Row;

    fn rows(&self) -> &[Row] {
        &self.rows
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            number("id"),
            text("track"),
            text("state"),
            text("ends in"),
            number("approval %"),
            number("support %"),
            text("title"),
            text("proposer").from(Room::All),
        ];
        let mut table = Table::new(room, columns);
        let most = match room {
            Room::Narrow => 14,
            Room::Wide => 70,
            Room::All => usize::MAX,
        };
        for it in &self.rows {
            let share = |now, needed| {
                let needed = percent(needed);
                let needed = needed.trim_end_matches('0').trim_end_matches('.');
                format!(
                    "{}/{needed}",
                    percent(now).split('.').next().unwrap_or_default()
                )
            };
            table.row([
                it.id.to_string(),
                it.track.into(),
                it.state.into(),
                it.until
                    .map(|block| left(block, self.block))
                    .unwrap_or_default(),
                share(it.approval, it.approval_needed),
                share(it.support, it.support_needed),
                cut(&plain(&it.title), most),
                room.account(&it.proposer.0),
            ]);
        }
        table.print(out)?;
        writeln!(
            out,
            "\nblock {}; approval and support: now/needed",
            self.block
        )
    }
}

/// The rules of a track as a row.
#[derive(Serialize)]
struct TrackRow {
    track: &'static str,
    deposit_rao: u64,
    places: u16,
    taken: usize,
    lead: u16,
    decide: u32,
    confirm: u32,
    delay: u32,
    window: u32,
    approval_start: u32,
    approval_middle: u32,
    approval_middle_at: u32,
    approval_floor: u32,
    approval_floor_at: u32,
    support_start: u32,
    support_middle: u32,
    support_middle_at: u32,
    support_floor: u32,
    support_floor_at: u32,
}

impl TrackRow {
    fn new(track: Track, rules: &TrackRules, taken: usize) -> Self {
        let (approval, support) = (rules.approval, rules.support);
        Self {
            track: track.name(),
            deposit_rao: rules.deposit.0,
            places: rules.places,
            taken,
            lead: rules.lead,
            decide: rules.decide,
            confirm: rules.confirm,
            delay: rules.delay,
            window: rules.window,
            approval_start: approval.start,
            approval_middle: approval.middle,
            approval_middle_at: approval.middle_at,
            approval_floor: approval.floor,
            approval_floor_at: approval.floor_at,
            support_start: support.start,
            support_middle: support.middle,
            support_middle_at: support.middle_at,
            support_floor: support.floor,
            support_floor_at: support.floor_at,
        }
    }
}

/// The tracks.
#[derive(Serialize)]
#[serde(transparent)]
struct AllTracks(Vec<TrackRow>);

/// Lists the tracks with their rules for new proposals.
pub fn tracks(arguments: &Tracks, out: &mut dyn Write) -> Result<(), Failure> {
    let network = arguments.list.open()?;
    let at = governing(&network)?;
    let governance = || at.governance();
    let rules: Vec<TrackRules> =
        network.query_all(Track::ALL.iter().map(|it| governance().track(*it)))?;
    let places: Vec<Vec<u32>> =
        network.query_all(Track::ALL.iter().map(|it| governance().places(*it)))?;
    let mut rows = Vec::new();
    for ((track, rules), ids) in Track::ALL.into_iter().zip(&rules).zip(places) {
        let views: Vec<Option<ProposalView>> =
            network.query_all(ids.into_iter().map(|id| governance().proposal(id)))?;
        let has_place =
            |it: &ProposalView| matches!(it.state, State::Lead(_)) || it.state.is_voting();
        let taken = views.into_iter().flatten().filter(has_place).count();
        rows.push(TrackRow::new(track, rules, taken));
    }
    Ok(arguments.list.show(&AllTracks(rows), out)?)
}

impl output::List for AllTracks {
    type Row = TrackRow;

    fn rows(&self) -> &[TrackRow] {
        &self.0
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            text("track"),
            number("TAO"),
            number("places").from(Room::Wide),
            number("lead"),
            text("decide"),
            text("confirm"),
            text("delay"),
            text("window"),
            text("approval"),
            text("support"),
        ];
        let mut table = Table::new(room, columns);
        for it in &self.0 {
            let curve = |start, floor| {
                let whole = |part| {
                    let text = percent(part);
                    text.trim_end_matches('0').trim_end_matches('.').to_owned()
                };
                format!("{}-{}", whole(start), whole(floor))
            };
            table.row([
                it.track.into(),
                tao(Rao(it.deposit_rao)),
                format!("{}/{}", it.taken, it.places),
                it.lead.to_string(),
                time(it.decide),
                time(it.confirm),
                time(it.delay),
                time(it.window),
                curve(it.approval_start, it.approval_floor),
                curve(it.support_start, it.support_floor),
            ]);
        }
        table.print(out)?;
        writeln!(
            out,
            "\nlead: root epochs of 7200 blocks; approval and support: per cent, falling"
        )
    }
}
