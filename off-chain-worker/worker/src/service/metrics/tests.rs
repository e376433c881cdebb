use super::*;
use crate::roles::{Figures, ProposalFigures};
use inktensor_primitives::{
    governance::{Tally, Track},
    treasury::Limits,
    Rao,
};
use metrics::with_local_recorder;
use std::time::Duration;

const MANUAL: &str = include_str!("../../../../../docs/operate.md");

/// Returns the page after `action`.
fn page_after(action: impl FnOnce()) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    with_local_recorder(&recorder, || {
        describe();
        action();
        let status = Status::new(Duration::from_secs(600));
        status.saw(7);
        page(&handle, &status)
    })
}

fn has(page: &str, line: &str) -> bool {
    page.lines().any(|it| it == line)
}

#[test]
fn steps_are_counted_by_subnet() {
    let netuid = NetUid(3);
    let page = page_after(|| {
        count_action(&Action::Closed { netuid, epoch: 4 });
        count_action(&Action::Closed { netuid, epoch: 5 });
        count_action(&Action::Settled {
            netuid,
            epoch: 4,
            chunk: 0,
            chunks: 1,
            paid: Rao(70),
        });
        count_action(&Action::Disputed {
            netuid,
            epoch: 4,
            step: 1,
            reward: Rao(9),
        });
        count_action(&Action::CollateralAdded { amount: Rao(5) });
        count_overtaken(netuid);
    });
    for line in [
        "inktensor_epochs_closed_total{netuid=\"3\"} 2",
        "inktensor_chunks_settled_total{netuid=\"3\"} 1",
        "inktensor_settled_pay_rao_total{netuid=\"3\"} 70",
        "inktensor_epochs_disputed_total{netuid=\"3\"} 1",
        "inktensor_dispute_reward_rao_total{netuid=\"3\"} 9",
        "inktensor_collateral_added_rao_total 5",
        "inktensor_overtaken_total{netuid=\"3\"} 1",
        "inktensor_best_block 7",
        "inktensor_ready 0",
        "# TYPE inktensor_epochs_closed_total counter",
        "# HELP inktensor_epochs_closed_total Epochs closed by this worker, by netuid.",
    ] {
        assert!(has(&page, line), "{line}\n{page}");
    }
}

#[test]
fn a_subnet_is_measured_and_its_counters_are_there_from_the_start() {
    let lag = SubnetLag {
        open: 5,
        final_epoch: Some(3),
        lag: 2,
    };
    let page = page_after(|| set_subnet(NetUid(1), &lag));
    for line in [
        "inktensor_open_epoch{netuid=\"1\"} 5",
        "inktensor_final_epoch{netuid=\"1\"} 3",
        "inktensor_lag_blocks{netuid=\"1\"} 2",
        "inktensor_epochs_disputed_total{netuid=\"1\"} 0",
    ] {
        assert!(has(&page, line), "{line}\n{page}");
    }
}

#[test]
fn costs_are_counted_by_message_and_deposits_by_direction() {
    let cost = |deposit| Cost {
        ref_time: 11,
        proof_size: 13,
        deposit,
        fee: 23,
    };
    let page = page_after(|| {
        count_transaction("Epochs::close", "done");
        add_cost("Epochs::close", &cost(17));
        add_cost("Epochs::close", &cost(-19));
        count_transaction("Epochs::close", "refused");
    });
    let message = "message=\"Epochs::close\"";
    for (name, value) in [
        (REF_TIME, 22),
        (PROOF_SIZE, 26),
        (DEPOSITS, 17),
        (REFUNDS, 19),
        (FEES, 46),
    ] {
        let line = format!("{name}{{{message}}} {value}");
        assert!(has(&page, &line), "{line}\n{page}");
    }
    for outcome in ["done", "refused"] {
        let line = format!("{TRANSACTIONS}{{{message},outcome=\"{outcome}\"}} 1");
        assert!(has(&page, &line), "{line}\n{page}");
    }
}

#[test]
fn a_problem_goes_back_to_zero() {
    let labels = "role=\"proposer\",netuid=\"2\",kind=\"slashed\"";
    let line = |value| format!("inktensor_problem{{{labels}}} {value}");
    let set = |is_there| set_problem("proposer", Some(NetUid(2)), "slashed", is_there);
    let there = page_after(|| set(true));
    assert!(has(&there, &line(1)), "{there}");
    let gone = page_after(|| {
        set(true);
        set(false);
        set_problem("keeper", None, "unreachable", true);
    });
    assert!(has(&gone, &line(0)), "{gone}");
    let chain = "inktensor_problem{role=\"keeper\",netuid=\"none\",kind=\"unreachable\"} 1";
    assert!(has(&gone, chain), "{gone}");
}

#[test]
fn an_unchecked_assertion_counts_its_blocks_until_it_is_checked() {
    let metric = "inktensor_unchecked_assertion_blocks_left{netuid=\"4\"}";
    let unchecked = page_after(|| set_unchecked(NetUid(4), Some(17)));
    assert!(has(&unchecked, &format!("{metric} 17")), "{unchecked}");
    let checked = page_after(|| {
        set_unchecked(NetUid(4), Some(17));
        set_unchecked(NetUid(4), None);
    });
    // Prometheus reads this as infinite: no alert on few blocks fires.
    assert!(has(&checked, &format!("{metric} inf")), "{checked}");
}

#[test]
fn proposals_are_measured_and_disappear_when_they_have_ended() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    with_local_recorder(&recorder, || {
        describe();
        let status = Status::new(Duration::from_secs(600));
        assert!(!page(&handle, &status).contains("inktensor_gov_"));
        let mut figures = figures();
        set_governance(&figures);
        status.measured(figures.clone());
        let before = page(&handle, &status);
        for line in [
            "inktensor_gov_proposals{track=\"kernel\",state=\"confirming\"} 2",
            "inktensor_gov_ends_in_blocks{id=\"5\"} 40",
            "inktensor_gov_approval_ratio{id=\"5\"} 0.75",
            "inktensor_gov_support_ratio{id=\"5\"} 0.375",
            "inktensor_gov_ready_unexecuted 1",
            "inktensor_gov_recounts_total 0",
            "inktensor_gov_guard_until_block 900",
            "inktensor_treasury_free_rao 100",
            "inktensor_treasury_out_window_rao 7",
            "inktensor_treasury_committed_rao 30",
            "# TYPE inktensor_gov_approval_ratio gauge",
        ] {
            assert!(has(&before, line), "{line}\n{before}");
        }
        figures.open.clear();
        status.measured(figures);
        count_action(&Action::Recounted { id: 5, accounts: 3 });
        let after = page(&handle, &status);
        assert!(!after.contains("id=\"5\""), "{after}");
        assert!(has(&after, "inktensor_gov_recounts_total 3"), "{after}");
    });
}

fn figures() -> Figures {
    let open = ProposalFigures {
        id: 5,
        ends_in: 40,
        tally: Tally {
            ayes: Rao(3),
            nays: Rao(1),
            abstains: Rao(9),
        },
        electorate: Rao(8),
    };
    Figures {
        proposals: [((Track::Kernel, "confirming"), 2)].into(),
        open: vec![open],
        ready: 1,
        guard_until: Some(900),
        treasury: Limits {
            from: 0,
            ends: None,
            base: Rao(130),
            out: Rao(7),
            left: Rao(6),
            free: Rao(100),
            committed: Rao(30),
        },
    }
}

#[test]
fn the_age_of_each_role_is_shown() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let page = with_local_recorder(&recorder, || {
        let status = Status::new(Duration::from_secs(600));
        status.begin_loop("watcher");
        page(&handle, &status)
    });
    let age = "inktensor_alive_age_seconds{role=\"watcher\"} ";
    assert!(page.lines().any(|line| line.starts_with(age)), "{page}");
}

#[test]
fn the_manual_lists_every_metric_and_no_other() {
    let mut known: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
    for name in &known {
        assert!(MANUAL.contains(&format!("| `{name}` |")), "{name}");
    }
    known.sort_unstable();
    known.dedup();
    assert_eq!(known.len(), ALL.len());
    let mut words = MANUAL.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    // What ends in one of these is a metric; `inktensor_worker` is a module, and neurons have
    // metrics of their own.
    let unknown = words.find(|word| {
        word.starts_with("inktensor_")
            && !word.starts_with("inktensor_neuron_")
            && *word != "inktensor_worker"
            && !known.contains(word)
    });
    assert_eq!(unknown, None);
}
