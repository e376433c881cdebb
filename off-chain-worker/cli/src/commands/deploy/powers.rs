//! The powers over a deployment: the accounts that have its roles, the chain's sudo key, and the
//! calls by which a contract's code could change.

use crate::{
    error::Failure,
    output::{
        format::count,
        json::{Address, Hex},
    },
};
use inktensor_client::{
    chain::{ChainRead, SudoKey, Typed},
    deploy::{is_front, Addresses, Governing, Mismatch, Record},
};
use inktensor_compute::engine::check::imported_functions;
use inktensor_primitives::{
    emission::Emission,
    governance::{Governance, GuardView},
    hash::hex,
    registry::Registry,
    treasury::Treasury,
    AccountId, Digest,
};
use serde::{Serialize, Serializer};
use std::io::{self, Write};

/// Functions by which a contract replaces its code or ends itself.
const CHANGES: [&str; 2] = ["set_code_hash", "terminate"];
/// Functions that run other code in a contract's place.
const DELEGATES: [&str; 2] = ["delegate_call", "seal_delegate_call"];
/// Columns before a value.
const WIDTH: usize = 18;

/// The accounts that have the roles of a deployment, and the chain's sudo key.
#[derive(Serialize)]
pub struct Powers {
    registry_admin: Address,
    treasury: Address,
    treasury_owner: Option<Address>,
    /// True if governance has both roles.
    is_governed: bool,
    offers: Vec<OfferView>,
    guard: Option<GuardTerms>,
    opens_at: Option<u32>,
    sudo: SudoView,
    #[serde(skip)]
    block: u32,
    #[serde(skip)]
    governance: Option<AccountId>,
}

/// An open offer of a role.
#[derive(Serialize)]
struct OfferView {
    role: &'static str,
    to: Address,
}

/// The guard and its end.
#[derive(Serialize)]
struct GuardTerms {
    members: Vec<Address>,
    threshold: u8,
    until: u32,
    vetoes_left: u8,
}

impl From<GuardView> for GuardTerms {
    fn from(it: GuardView) -> Self {
        Self {
            members: it.members.into_iter().map(Address).collect(),
            threshold: it.threshold,
            until: it.until,
            vetoes_left: it.vetoes_left,
        }
    }
}

/// The chain's sudo key as it is printed: an address, `absent`, or `unknown`.
struct SudoView(SudoKey);

impl Serialize for SudoView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            SudoKey::Of(account) => Address(account).serialize(serializer),
            SudoKey::Absent => serializer.serialize_str("absent"),
            SudoKey::Unknown => serializer.serialize_str("unknown"),
        }
    }
}

impl SudoView {
    fn line(&self) -> String {
        match self.0 {
            SudoKey::Absent => "no key of pallet Sudo; the chain's Root may have other ways".into(),
            SudoKey::Of(account) => format!(
                "{}, which can replace any contract's code",
                Address(account)
            ),
            SudoKey::Unknown => "unknown: the chain does not show whether it has a key".into(),
        }
    }
}

impl Powers {
    /// Reads the powers over the deployment at `contracts`.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn read(chain: &dyn ChainRead, contracts: &Addresses) -> Result<Self, Failure> {
        let admin = chain.query(contracts.registry().admin())?;
        let mut offers = Vec::new();
        if let Some(to) = chain.query(contracts.registry().offered_admin())? {
            offers.push(OfferView {
                role: "registry admin",
                to: to.into(),
            });
        }
        let mut powers = Self {
            registry_admin: admin.into(),
            treasury: chain.query(contracts.emission().treasury())?.into(),
            treasury_owner: None,
            is_governed: false,
            offers,
            guard: None,
            opens_at: None,
            sudo: SudoView(chain.sudo_key()?),
            block: chain.block()?,
            governance: contracts.governing.map(|it| it.governance),
        };
        if let Some(governing) = contracts.governing {
            powers.read_governing(chain, governing)?;
        }
        Ok(powers)
    }

    fn read_governing(
        &mut self,
        chain: &dyn ChainRead,
        governing: Governing,
    ) -> Result<(), Failure> {
        let owner = chain.query(governing.treasury().owner())?;
        self.treasury_owner = Some(owner.into());
        self.is_governed =
            owner == governing.governance && self.registry_admin.0 == governing.governance;
        if let Some(to) = chain.query(governing.treasury().offered_owner())? {
            self.offers.push(OfferView {
                role: "treasury owner",
                to: to.into(),
            });
        }
        let guard = chain.query(governing.governance().guard())?;
        self.guard = guard.map(GuardTerms::from);
        self.opens_at = Some(chain.query(governing.governance().opens_at())?);
        Ok(())
    }

    /// Returns an account, or "governance" for that contract.
    fn holder(&self, account: Address) -> String {
        if self.governance == Some(account.0) {
            format!("governance ({account})")
        } else {
            account.to_string()
        }
    }

    /// Prints a line for each power.
    ///
    /// # Errors
    /// If the output does not take it.
    pub fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut line = |name: &str, value: &str| writeln!(out, "{name:<WIDTH$} {value}");
        if self.governance.is_none() {
            line("governance", "absent: accounts have all roles")?;
        }
        line("registry admin", &self.holder(self.registry_admin))?;
        line("treasury", &self.treasury.to_string())?;
        if let Some(owner) = self.treasury_owner {
            line("treasury owner", &self.holder(owner))?;
        }
        for offer in &self.offers {
            let offered = format!("{} to {}", offer.role, offer.to);
            line("offer open", &offered)?;
        }
        if self.offers.is_empty() {
            line("offers open", "none")?;
        }
        if self.governance.is_some() {
            self.guard_text(&mut line)?;
        }
        if let Some(opens_at) = self.opens_at.filter(|at| *at > self.block) {
            line("all tracks open", &format!("from block {opens_at} on"))?;
        }
        line("sudo key", &self.sudo.line())
    }

    fn guard_text(&self, line: &mut dyn FnMut(&str, &str) -> io::Result<()>) -> io::Result<()> {
        let Some(guard) = &self.guard else {
            return line("guard", "none");
        };
        let terms = format!(
            "{} of {}, until block {}, {} left",
            guard.threshold,
            guard.members.len(),
            guard.until,
            count(guard.vetoes_left, "veto").replace("vetos", "vetoes"),
        );
        line("guard", &terms)?;
        let mut members = guard.members.iter();
        members.try_for_each(|member| line("", &member.to_string()))
    }
}

/// Returns the imports of the recorded contracts by which their code could change. A front may run
/// other code in its place: that of its full code, which it locks.
///
/// # Errors
/// If the chain does not answer, or code is not Wasm.
pub fn changing_imports(chain: &dyn ChainRead, record: &Record) -> Result<Vec<Mismatch>, Failure> {
    let mut found = Vec::new();
    for (name, entry) in &record.contracts {
        found.extend(imports_of(chain, name, entry.code_hash, is_front(name))?);
        if let Some(full) = entry.full_code {
            found.extend(imports_of(
                chain,
                &format!("{name}'s full code"),
                full,
                false,
            )?);
        }
    }
    Ok(found)
}

fn imports_of(
    chain: &dyn ChainRead,
    name: &str,
    hash: Digest,
    may_delegate: bool,
) -> Result<Option<Mismatch>, Failure> {
    let Some(code) = chain.code(&hash)? else {
        // `check` names missing code.
        return Ok(None);
    };
    let imports = imported_functions(&code)
        .map_err(|error| Failure::input(format_args!("{name}: {}: {error}", Hex::from(hash))))?;
    let is_change = |import: &&String| {
        let function = import.rsplit('.').next().unwrap_or_default();
        let is_delegate = DELEGATES.contains(&function) && !may_delegate;
        CHANGES.iter().any(|it| function.ends_with(it)) || is_delegate
    };
    let changes: Vec<&str> = imports
        .iter()
        .filter(is_change)
        .map(String::as_str)
        .collect();
    Ok((!changes.is_empty()).then(|| Mismatch {
        what: format!("imports of {name} ({})", hex(&hash)),
        written: "no function that changes code".into(),
        found: changes.join(", "),
    }))
}
