//! The outcome of an audit, with a sentence for each way in which evidence can be false.

use crate::manifest::ManifestError;
use inktensor_client::ss58::ss58;
use inktensor_contest::Lie;
use inktensor_primitives::{hash::hex, Uid};
use inktensor_task::Worth;
use inktensor_wire::VerifyError;
use thiserror::Error;

use super::super::{Grade, Registration};

/// The outcome of an audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every item holds.
    True(Checked),
    /// An item is false. It is the first one in the order of the checks.
    False(Falsehood),
    /// No item was found false, and at least one could not be judged.
    Unjudged(Missing),
}

impl Verdict {
    /// Returns the exit code of a program that prints the verdict.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Verdict::True(_) => 0,
            Verdict::False(_) => 1,
            Verdict::Unjudged(_) => 2,
        }
    }
}

/// The extent of an audit that found nothing false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Number of receipts, or of entries of a contest.
    pub receipts: usize,
    /// Number of answers that the validator checked, or of entries that it judged.
    pub graded: usize,
    /// Number of those that the audit recomputed.
    pub recomputed: usize,
    /// Miners of a contest whose fault is the validator's word alone. Absent for other work.
    pub unproven: Option<Vec<Uid>>,
}

/// A field of the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadField {
    /// The deployment.
    Home,
    /// The subnet.
    Netuid,
    /// The epoch.
    Epoch,
    /// The validator.
    Validator,
}

/// A field of a question that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedField {
    /// The endpoint or the content type.
    Endpoint,
    /// The deployment, subnet or epoch.
    Context,
    /// The key, or the generation, of the validator.
    By,
    /// The hotkey or the generation of the miner.
    To,
}

/// A false item. The number is that of the check.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Falsehood {
    /// The validator set weights in the epoch and pledged nothing.
    #[error("1: the validator set weights in this epoch and pledged no evidence")]
    NotPledged,
    /// The evidence is another one's.
    #[error("1: the evidence is of another {}", field_name(.0))]
    Head(HeadField),
    /// A pledge before the questions were known, or after the epoch closed.
    #[error("1: the pledge was made at block {block}; it counts from block {from} to {to}")]
    PledgedAt {
        /// Block of the pledge.
        block: u32,
        /// Block of the questions' seed.
        from: u32,
        /// Block of the epoch's end.
        to: u32,
    },
    /// A pledge that names another epoch.
    #[error("1: the pledge names epoch {0}")]
    PledgedEpoch(u32),
    /// Another root than the pledged one.
    #[error("1: the root of the file is {found} and the pledged one {pledged}", found = hex(.found), pledged = hex(.pledged))]
    Root {
        /// Root of the evidence.
        found: [u8; 32],
        /// Root on the chain.
        pledged: [u8; 32],
    },
    /// Another number of receipts than the pledged one.
    #[error("1: the file has {found} receipts and the pledge {pledged}")]
    PledgedReceipts {
        /// Number of receipts.
        found: usize,
        /// Number on the chain.
        pledged: u32,
    },
    /// Other weights than the pledged ones.
    #[error("1: the weights of the file are not those whose hash was pledged")]
    PledgedWeights,
    /// Another block than the one that the questions follow from.
    #[error(
        "2: the seed is of block {found}; questions follow from block {expected} of the chain"
    )]
    SeedBlock {
        /// Number of the block in the evidence.
        found: u32,
        /// Number of the block.
        expected: u32,
    },
    /// Another manifest than the one that counts.
    #[error("2: the manifest is {found}; {expected} counts in this epoch", found = hex(.found), expected = hex(.expected))]
    Manifest {
        /// Hash in the evidence.
        found: [u8; 32],
        /// Hash on the chain.
        expected: [u8; 32],
    },
    /// Evidence of another kind than the work of the manifest leads to.
    #[error("2: the manifest names {0}, and the evidence is of another kind of work")]
    Kind(String),
    /// A vote of a fold that is not the pledged one, is missing, or is one on a task.
    #[error("2: the vote on the next state is not the pledged one")]
    Vote,
    /// Another start than the one that most stake names.
    #[error("2: the epoch began with {expected} by the votes of most stake, and the vote names {found}", found = hex(.found), expected = hex(.expected))]
    Start {
        /// The state in the evidence.
        found: [u8; 32],
        /// The state by the votes.
        expected: [u8; 32],
    },
    /// A receipt that the seed demands and the evidence does not have.
    #[error("2: the receipt of question {number} to uid {uid} is missing")]
    ReceiptMissing {
        /// Uid of the miner.
        uid: Uid,
        /// Number of the question.
        number: u16,
    },
    /// A receipt that the seed does not demand at its place: of another neuron, twice, or out of
    /// order.
    #[error("2: a receipt of question {number} to uid {uid} has no place there")]
    ReceiptExtra {
        /// Uid of the miner.
        uid: Uid,
        /// Number of the question.
        number: u16,
    },
    /// A question that was asked in another name, of another neuron, or of another epoch.
    #[error("2: question {number} to uid {uid} has another {}", asked_name(.field))]
    Asked {
        /// Uid of the miner.
        uid: Uid,
        /// Number of the question.
        number: u16,
        /// The field.
        field: AskedField,
    },
    /// A question that does not follow from the seed.
    #[error("2: question {number} to uid {uid} does not follow from the seed")]
    Question {
        /// Uid of the miner.
        uid: Uid,
        /// Number of the question.
        number: u16,
    },
    /// A signature that stands for two questions.
    #[error("2: question {number} to uid {uid} has the signature of another question")]
    Repeated {
        /// Uid of the miner.
        uid: Uid,
        /// Number of the question.
        number: u16,
    },
    /// A question outside the common window.
    #[error("2: question {number} to uid {uid} ends {seconds} s after the first question was asked; the window has {window} s")]
    Window {
        /// Uid of the miner.
        uid: Uid,
        /// Number of the question.
        number: u16,
        /// Seconds from the first question to the end of this one.
        seconds: u64,
        /// Seconds of the window.
        window: u16,
    },
    /// A question that the validator did not sign.
    #[error("3: question {number} to uid {uid}: {error}")]
    QuestionSignature {
        /// Uid of the miner.
        uid: Uid,
        /// Number of the question.
        number: u16,
        /// The error.
        error: VerifyError,
    },
    /// An answer or a refusal that the miner did not sign.
    #[error("3: answer {number} of uid {uid}: {error}")]
    AnswerSignature {
        /// Uid of the miner.
        uid: Uid,
        /// Number of the question.
        number: u16,
        /// The error.
        error: VerifyError,
    },
    /// An answer that the seed demands to be checked, and that was not.
    #[error("4: answer {number} of uid {uid} was to be checked and was not")]
    Unchecked {
        /// Uid of the miner.
        uid: Uid,
        /// Number of the question.
        number: u16,
    },
    /// A grade that contradicts the outcome.
    #[error("4: answer {number} of uid {uid} is graded {}, and is {}", grade_name(.given), grade_name(.found))]
    Grade {
        /// Uid of the miner.
        uid: Uid,
        /// Number of the question.
        number: u16,
        /// The grade in the evidence.
        given: Grade,
        /// The grade by the rules.
        found: Grade,
    },
    /// A checked answer whose body is not in the evidence.
    #[error("4: answer {number} of uid {uid} is graded, and its body is not in the file")]
    NoBody {
        /// Uid of the miner.
        uid: Uid,
        /// Number of the question.
        number: u16,
    },
    /// A grade that is recomputed otherwise.
    #[error("4: answer {number} of uid {uid} is worth {found} parts of 65535, and is graded {given}", found = .found.0, given = .given.0)]
    Worth {
        /// Uid of the miner.
        uid: Uid,
        /// Number of the question.
        number: u16,
        /// The worth in the evidence.
        given: Worth,
        /// The worth by the task.
        found: Worth,
    },
    /// A proof of fraud that bars a miner and does not stand.
    #[error("4: the proof of fraud against uid {uid} in epoch {epoch} does not stand: {reason}")]
    Proof {
        /// Uid of the miner.
        uid: Uid,
        /// Epoch of the proof.
        epoch: u32,
        /// The reason.
        reason: String,
    },
    /// A finding of a contest that rests on an opening which is missing or opens another pledge.
    #[error("4: the finding about uid {0} rests on no opening of its pledge")]
    Opening(Uid),
    /// An item of a contest's verdict.
    #[error("{check}: {0}", check = check_of(.0))]
    Contest(Lie),
    /// Another root of the evidence before than the pledged one.
    #[error("5: the averages continue from other evidence than the one that was pledged before")]
    Before,
    /// An average that does not follow.
    #[error("5: the average of uid {uid} does not follow: it is {given}, and {found} by the rules", given = shown(.given), found = shown(.found))]
    Average {
        /// Uid of the miner.
        uid: Uid,
        /// The average in the evidence.
        given: Option<Worth>,
        /// The average by the rules.
        found: Option<Worth>,
    },
    /// A weight that does not follow from the averages.
    #[error("5: the weight of uid {uid} does not follow from its average: it is {given}, and {found} by the rules")]
    Weight {
        /// Uid of the miner.
        uid: Uid,
        /// The weight in the evidence.
        given: u16,
        /// The weight by the rules.
        found: u16,
    },
    /// A weight on the chain that is not that of the evidence.
    #[error("5: the weight of uid {uid} on the chain is {chain}, and {given} in the evidence")]
    ChainWeight {
        /// Uid of the miner.
        uid: Uid,
        /// The weight in the evidence.
        given: u16,
        /// The weight on the chain.
        chain: u16,
    },
    /// Weights that were never set or revealed.
    #[error("5: the validator did not set the weights of its evidence")]
    WeightsNotSet,
}

/// A reason why an item cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Missing {
    /// A pledge without its file, with the cause.
    #[error("withheld: the evidence is pledged and was not to be had from the validator ({0}); ask other mirrors, and if none has it, do not stake there")]
    Withheld(String),
    /// A proof of fraud that bars a miner and is not decided, with the cause.
    #[error("the proof of fraud against uid {uid} in epoch {epoch} is not decided: {reason}")]
    Proof {
        /// Uid of the miner.
        uid: Uid,
        /// Epoch of the proof.
        epoch: u32,
        /// The cause.
        reason: String,
    },
    /// A validator that was not asked, with the cause.
    #[error("the validator was not asked for its evidence: {0}; or pass the file with --from")]
    NotAsked(String),
    /// A file that is neither pledged nor served by the validator under its certificate.
    #[error("this is not the pledged file: its root is {found} and the pledged one {pledged}; fetch that one", found = hex(.found), pledged = hex(.pledged))]
    AnotherFile {
        /// Root of the file.
        found: [u8; 32],
        /// Root on the chain.
        pledged: [u8; 32],
    },
    /// A uid without a neuron.
    #[error("uid {uid} was free at block {block}, from which the questions of epoch {epoch} follow; name the uid of a validator")]
    FreeUid {
        /// The uid.
        uid: Uid,
        /// The epoch.
        epoch: u32,
        /// Block of the questions' seed.
        block: u32,
    },
    /// A neuron that could not validate, such as a miner.
    #[error("uid {uid} had no permit in epoch {epoch}, as miners have none, so there is nothing to judge; name the uid of a validator")]
    NoPermit {
        /// The uid.
        uid: Uid,
        /// The epoch.
        epoch: u32,
    },
    /// An epoch in which the validator did nothing.
    #[error("the validator left epoch {0} out: it pledged no evidence and set no weights, so there is nothing to judge")]
    LeftOut(u32),
    /// An epoch without pledge that is still open.
    #[error("nothing is pledged yet, and the epoch is open; audit it after its end")]
    NotYetPledged,
    /// A tempo without a round.
    #[error("the tempo of {0} blocks is too short for a round; the owner must raise it")]
    Tempo(u32),
    /// No state that most stake names.
    #[error("no state is known that most stake began the epoch with; audit it after the votes, or another epoch")]
    Start,
    /// No manifest counts.
    #[error(
        "no manifest counts in this epoch, so there is nothing to ask and nothing to judge; audit \
         a later epoch"
    )]
    Manifest,
    /// Another manifest file than the pledged one.
    #[error("the manifest file is not the one that was pledged, {}; fetch that one", hex(.0))]
    ManifestFile([u8; 32]),
    /// A manifest file that does not parse.
    #[error("the pledged manifest is unusable: {0}")]
    BadManifest(ManifestError),
    /// Another task than the manifest's.
    #[error(
        "the manifest names the task {wanted} and this program has loaded {loaded}; load that one"
    )]
    Task {
        /// Task of the manifest.
        wanted: String,
        /// Name of the loaded task.
        loaded: String,
    },
    /// A task that breaks its own limits.
    #[error("the task fails: {0}")]
    Program(String),
    /// No hash of the block of the checks.
    #[error(
        "the block that the checks follow from is not there yet; audit the epoch after its end"
    )]
    CheckBlock,
    /// A model of a contest that no neuron has.
    #[error("the model {model} of uid {uid} is not to be had, so its finding cannot be judged; name its file with --blob", model = hex(.model))]
    Model {
        /// Uid of the miner.
        uid: Uid,
        /// Hash of the model.
        model: [u8; 32],
    },
    /// The evidence before, withheld.
    #[error("the evidence before, of epoch {epoch} with root {root}, is not to be had, so the averages cannot be judged; pass its file", root = hex(.root))]
    Before {
        /// Epoch of that evidence.
        epoch: u32,
        /// Root of that evidence.
        root: [u8; 32],
    },
    /// Weights that are not on the chain yet.
    #[error(
        "the weights are not on the chain yet; they may be revealed up to the end of epoch {0}"
    )]
    Weights(u32),
}

/// Returns the number of the check that finds an item of a verdict false.
const fn check_of(lie: &Lie) -> u8 {
    match lie {
        Lie::LeftOut { .. } | Lie::Extra { .. } => 2,
        Lie::Finding { .. } => 4,
        Lie::Worth { .. } | Lie::Average { .. } | Lie::Weight { .. } => 5,
    }
}

fn field_name(field: &HeadField) -> &'static str {
    match field {
        HeadField::Home => "deployment",
        HeadField::Netuid => "subnet",
        HeadField::Epoch => "epoch",
        HeadField::Validator => "validator, or of another registration of it",
    }
}

fn asked_name(field: &AskedField) -> &'static str {
    match field {
        AskedField::Endpoint => "endpoint or content type",
        AskedField::Context => "deployment, subnet or epoch",
        AskedField::By => "sender than the validator",
        AskedField::To => "receiver than the miner",
    }
}

fn grade_name(grade: &Grade) -> String {
    match grade {
        Grade::Checked(_) => "checked".into(),
        Grade::Unchecked => "unchecked".into(),
        Grade::Late => "late".into(),
        Grade::Withheld => "withheld".into(),
        Grade::Unanswered => "unanswered".into(),
    }
}

fn shown(average: &Option<Worth>) -> String {
    average.map_or_else(|| "absent".into(), |worth| worth.0.to_string())
}

impl std::fmt::Display for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (uid, generation) = (self.uid, self.generation);
        write!(
            f,
            "{} (uid {uid}, generation {generation})",
            ss58(&self.hotkey)
        )
    }
}
