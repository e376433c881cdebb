//! Every error has a text for people: not empty, without debug output, and with a remedy.

use crate::{
    dispute::Opening,
    emission::{EmissionDeployError, EmissionError},
    epoch::{EpochDeployError, EpochError},
    governance::{GovernanceDeployError, GovernanceError, TrackField},
    kernel::KernelError,
    registry::{BoundedField, Parameter, RegistryError},
    staking::{StakingDeployError, StakingError},
    token::{TokenDeployError, WireError},
    treasury::{GrantField, TreasuryDeployError, TreasuryError},
    AccountId, Bps, Rao, Uid,
};

/// Returns one value of each variant. A variant that is missing in the list does not compile.
macro_rules! every {
    ($error:ident: $(
        $variant:ident $(($($value:expr),*))? $({ $($field:ident: $content:expr),* })?
    ),* $(,)?) => {{
        let _complete = |error: &$error| match error {
            $($error::$variant { .. } => (),)*
        };
        vec![$($error::$variant $(($($value),*))? $({ $($field: $content),* })?),*]
    }};
}

const AMOUNT: Rao = Rao(1_500_000_000);

fn account() -> AccountId {
    [7; 32].into()
}

fn registry_errors() -> Vec<RegistryError> {
    every!(RegistryError:
        UnknownSubnet, NotOwner, NotEpoch,
        OutOfBounds { field: Parameter::Tempo.into(), value: 0, min: 1, max: 50_400 },
        BadName, NotYuma, IsYuma, AlreadyRegistered(Uid(3)), NotHotkeyOwner, PriceAbove(AMOUNT), AllImmune,
        Payment(AMOUNT), WrongEpoch(4), TooOld, Exhausted, NotAdmin, KernelNotAllowed,
        KernelCode(None), KernelListed([1; 32]), TooSoon(7_222), Cooldown(5), SetByAdmin,
        RegistrationClosed, AlreadyStarted(23), NotOffered, Retired(9), NetworkFull(10),
        SplitNotAllowed, NotSeated, BadHost, NothingServed, NotAgreed, HotkeyOwned, Announced(11),
        NothingAnnounced, KernelByOwner, AdminNotOffered, Braked(12), ClosedDown(13), NotClosedDown,
        Token,
    )
}

fn staking_errors() -> Vec<StakingError> {
    every!(StakingError:
        UnknownSubnet, UnknownHotkey, TooLittle(Rao(2_000_000)), NotEnoughStake(AMOUNT),
        NotHotkeyOwner, TakeAbove(Bps(1_800)), Payment(AMOUNT), NotEpoch, NotEmission, TooOld,
        TooMany(64), Overflow, Registry, TakeTooSoon(5), TransfersOff, SamePosition,
        TooManyChildren(5), BadChild(account()), TooMuchGiven, Cycle(account()),
        NotAccepted(account()), TooManyParents(8), ChildrenTooSoon(6), NothingDue, NothingToClaim,
        Braked(7), SelfProxy, NotEnded(7),
    )
}

fn emission_errors() -> Vec<EmissionError> {
    every!(EmissionError:
        NotEpoch, AlreadyDrawn, NotDrawn, OverBudget(AMOUNT), Token, Staking, Overflow, StillLive,
        NobodyShares, NothingOwed,
    )
}

fn kernel_errors() -> Vec<KernelError> {
    every!(KernelError: BadParams, StepOutOfRange, BadInputs, BadCarry, BadScratch, BadMemory)
}

fn wire_errors() -> Vec<WireError> {
    every!(WireError: NotDeployer, AlreadyWired, BadPeer)
}

fn token_deploy_errors() -> Vec<TokenDeployError> {
    every!(TokenDeployError: NoHolders, ZeroAmount(account()), DuplicateHolder(account()), OverCap)
}

fn staking_deploy_errors() -> Vec<StakingDeployError> {
    every!(StakingDeployError: NoToken, NoRegistry)
}

fn emission_deploy_errors() -> Vec<EmissionDeployError> {
    every!(EmissionDeployError:
        SplitNotWhole, NoToken, AboveCap, NoStaking, BadTreasury, FeesTooHigh,
    )
}

fn epoch_deploy_errors() -> Vec<EpochDeployError> {
    every!(EpochDeployError:
        NoChallengePeriod, NoCollateral, NoSettleWindow, PeersNotDistinct, NoReplayDelay,
        RolloverBeforeReplay, CollateralAboveBudget, RewardTooHigh,
    )
}

fn treasury_deploy_errors() -> Vec<TreasuryDeployError> {
    every!(TreasuryDeployError: NoToken, BadOwner)
}

fn treasury_errors() -> Vec<TreasuryError> {
    every!(TreasuryError:
        NotOwner, OwnerNotOffered, BadAccount, ZeroAmount,
        AboveLimit { amount: AMOUNT, left: Rao(1) },
        OutOfBounds { field: GrantField::PerPeriod, value: 0, min: 1, max: 9 },
        NoGrant(3), NoStream(3), NoBudget(3), NothingToClaim, AlreadyRevoked(4), NotPayee,
        NotManager, AboveBudget { amount: AMOUNT, left: Rao(1), next_period: 5 }, Ended(6), NotOver,
        IsTao, OtherToken, Payment(AMOUNT), Token, Overflow,
    )
}

fn epoch_errors() -> Vec<EpochError> {
    every!(EpochError:
        UnknownSubnet, NotRegistered, LengthMismatch(1, 2), UnknownUid(Uid(99), 5),
        DuplicateUid(Uid(2)), NoPermit, Payment(AMOUNT), CollateralTooSmall(AMOUNT),
        TempoNotOver(5), EpochUnfinished, Unsettled(6), NothingClosed, AlreadyAsserted,
        HeaderMismatch, BadShape, NotAsserted, ChallengePeriod(7), AssertionMismatch, NotSettling,
        ChunkOutOfRange(2), AlreadySettled, ResultsMismatch, MemoryMismatch,
        OverBudget(AMOUNT),
        Kernel(KernelError::BadParams), UnsoundPlan, KernelUnavailable,
        Registry(RegistryError::TooOld), Staking(StakingError::TooOld),
        Emission(EmissionError::Token), PeerUnavailable, Overflow, ChallengeOver(8),
        StepOutOfRange(10), OpeningMismatch(Opening::Carry), KernelChanged, StepIsCorrect,
        KernelFailed, BrokenPromise, ContradictsReplay, ReplayNotDue(9), RolloverNotDue(11), NoSteps,
        NotStarted, Retired(12), CommitFirst, NoCommitReveal, StakeTooLow(AMOUNT),
        VersionTooOld(13), WeightsTooSoon(528), TooFewWeights(3), WrongEpoch(14),
        TooManyCommits(10), NoSuchCommit, RevealTooEarly(15), RevealTooLate(16), SaltTooLong(64),
        TooManyCalls(16), TooLate(86_400), TooManyAssertions(4), KernelTrapped, NothingOwed,
        TooManyChunks(16), NoWholeChunk, NoRoom, EvidenceFirst(17),
    )
}

fn governance_errors() -> Vec<GovernanceError> {
    every!(GovernanceError:
        UnknownProposal(1), TooManyActions, BadText, MixedTracks, BadAction(2),
        BadTrackRules(TrackField::Support), BadGuard, NotOpenYet(3), NoPlace(4),
        TooManyProposals(2), DepositTooSmall(AMOUNT), NotADraft, NoSnapshot, NotProposer,
        NotVoting, NoVotes, TooMany(32), NotRejectable, NotReady, After(5), Final, NotFinal,
        NotReturned, NotForfeited, NotGuard, AlreadyConsented, BeyondGuard, NoVeto(6),
        NothingOffered, NotVetoed, SmallLimit(AMOUNT), BadTarget, OtherCode, CallFailed,
        NeedsRefTime(8),
        Payment(AMOUNT), Registry(RegistryError::NotAdmin), Staking(StakingError::TooOld),
        Treasury(TreasuryError::NotOwner), PeerUnavailable, Overflow,
    )
}

fn governance_deploy_errors() -> Vec<GovernanceDeployError> {
    every!(GovernanceDeployError: NoStaking, NoTreasury, PeersNotDistinct, BadGuard, OpensTooLate(7))
}

fn texts<E: ToString>(errors: Vec<E>) -> impl Iterator<Item = String> {
    errors.into_iter().map(|error| error.to_string())
}

#[test]
fn every_error_names_a_remedy() {
    let all = texts(registry_errors())
        .chain(texts(staking_errors()))
        .chain(texts(emission_errors()))
        .chain(texts(kernel_errors()))
        .chain(texts(wire_errors()))
        .chain(texts(epoch_errors()))
        .chain(texts(governance_errors()))
        .chain(texts(governance_deploy_errors()))
        .chain(texts(token_deploy_errors()))
        .chain(texts(staking_deploy_errors()))
        .chain(texts(emission_deploy_errors()))
        .chain(texts(epoch_deploy_errors()))
        .chain(texts(treasury_deploy_errors()))
        .chain(texts(treasury_errors()));
    for text in all {
        let (problem, remedy) = text.split_once("; ").unwrap_or_default();
        assert!(!problem.is_empty() && !remedy.is_empty(), "{text}");
        for debris in [
            "(", ")", "{", "}", "[", "\"", "Some", "None", "::", "  ", "\n",
        ] {
            assert!(!text.contains(debris), "{debris:?} in: {text}");
        }
        let first = text.chars().next();
        assert!(first.is_some_and(char::is_lowercase) || first.is_some_and(char::is_numeric));
        assert!(!text.ends_with('.'), "{text}");
    }
}

#[test]
fn values_are_written_for_people() {
    let out_of_bounds = |field, value, min, max| {
        RegistryError::OutOfBounds {
            field,
            value,
            min,
            max,
        }
        .to_string()
    };
    for (text, expected) in [
        (
            StakingError::TooLittle(Rao(2_000_000)).to_string(),
            "the amount, or the stake on a hotkey of another owner, is below the least stake of \
             0.002 TAO; stake more",
        ),
        (
            StakingError::NotEnoughStake(Rao(647_537_486_087)).to_string(),
            "the caller's stake in this position is 647.537486087 TAO; use at most that",
        ),
        (
            StakingError::NotEnoughStake(Rao::ZERO).to_string(),
            "the caller has no stake in this position; check subnet and hotkey",
        ),
        (
            RegistryError::TooSoon(7_222).to_string(),
            "not before block 7222: the last time was too recent; try again then",
        ),
        (
            out_of_bounds(Parameter::Tempo.into(), 0, 1, 50_400),
            "tempo is 0, which is not within 1 and 50400; use a value within these bounds",
        ),
        (
            out_of_bounds(Parameter::MinBurn.into(), 0, 1, 999_999_999),
            "min_burn is 0 TAO, which is not within 0.000000001 TAO and 0.999999999 TAO; use an \
             amount within these bounds",
        ),
        (
            out_of_bounds(Parameter::AlphaSigmoidSteepness.into(), 65_535, 0, 32_767),
            "alpha_sigmoid_steepness is -1, which is not within 0 and 32767; use a value within \
             these bounds",
        ),
        (
            out_of_bounds(BoundedField::Symbol, 20, 0, 16),
            "the symbol has 20 bytes, more than the limit of 16; shorten it",
        ),
        (
            EpochError::Staking(StakingError::TakeAbove(Bps(1_800))).to_string(),
            "staking: the take is above the limit of 18 %; set a lower one",
        ),
        (
            EpochError::NoPermit.to_string(),
            "no permit on this subnet; permits come with the next final epoch, by stake",
        ),
        (
            EmissionDeployError::FeesTooHigh.to_string(),
            "the fees of proposer and keeper are more than 10 % of a budget together; lower one",
        ),
        (
            TokenDeployError::OverCap.to_string(),
            "the sum of all amounts is above the cap of 21000000 TAO; lower the amounts",
        ),
    ] {
        assert_eq!(text, expected);
    }
    let child = crate::ss58::ss58(&account());
    assert!(StakingError::BadChild(account())
        .to_string()
        .contains(&child));
    let listed = RegistryError::KernelCode(Some([0xab; 32])).to_string();
    assert!(listed.contains(&format!("0x{}", "ab".repeat(32))));
}
