//! The strict profile: exactly these components, in this order, in one text.
//!
//! A field is parsed, then written again from what was read. If both texts differ, the field is
//! refused. So no two texts mean the same question, and a receipt stores values, not texts.

use crate::{
    signature::{dictionary, signature_bytes, Base, FieldError, Input},
    Context, Media, Path, PathError, SignedRequest, TAG,
};
use base64::{engine::general_purpose::STANDARD, Engine};
use http::{header::HeaderName, HeaderMap};
use inktensor_client::ss58::parse_address;
use inktensor_primitives::{ss58::ss58, AccountId, Digest, NetUid};
use sfv::{BareItem, Dictionary, ListEntry};
use thiserror::Error;

/// The label of a question's signature.
pub const ASKED: &str = "q";
/// The label of an answer's signature.
pub const ANSWERED: &str = "a";
/// The field of the context.
pub const INKTENSOR: &str = "Inktensor";
const CONTENT_TYPE: &str = "Content-Type";
const CONTENT_DIGEST: &str = "Content-Digest";
const SIGNATURE_INPUT: &str = "Signature-Input";
const SIGNATURE: &str = "Signature";
const OF_QUESTION: &str = r#"("@method" "@path" "content-type" "content-digest" "inktensor")"#;
const OF_ANSWER: &str = r#"("@status" "content-type" "content-digest" "signature";req;key="q")"#;
const OF_PAGE: &str = r#"("@status" "content-type" "content-digest" "@path";req)"#;

/// The signed fields of a question, but for the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The endpoint.
    pub path: Path,
    /// The content type.
    pub media: Media,
    /// SHA-256 of the body.
    pub body: Digest,
    /// The chain, subnet, epoch and seats.
    pub context: Context,
    /// Seconds since 1970 at which the caller signs.
    pub created: u64,
    /// Seconds since 1970 up to which an answer is of use.
    pub expires: u64,
    /// Random bytes, new for each question.
    pub nonce: [u8; 16],
}

/// The signed fields of an answer, but for the key and the basis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The status code.
    pub status: u16,
    /// The content type.
    pub media: Media,
    /// SHA-256 of the body.
    pub body: Digest,
    /// Seconds since 1970 at which the receiver signs.
    pub created: u64,
}

/// The part of a request that the signature of an answer covers.
#[derive(Clone, Copy, Debug)]
pub enum Basis<'a> {
    /// The signature of a question.
    Signature(&'a [u8; 64]),
    /// The path of an unsigned request.
    Path(&'a Path),
}

/// A reason for which a request is not a question of the profile.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ShapeError {
    /// Another path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A field that is not of the profile.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl Asked {
    /// Returns the signature base for a question by `hotkey`.
    pub fn base(&self, hotkey: &AccountId) -> Vec<u8> {
        Base::default()
            .line("\"@method\"", "POST")
            .line("\"@path\"", self.path.as_str())
            .line("\"content-type\"", self.media.text())
            .line("\"content-digest\"", &digest_field(&self.body))
            .line("\"inktensor\"", &context_field(&self.context))
            .finish(&self.params(hotkey))
    }

    fn params(&self, hotkey: &AccountId) -> String {
        let Self {
            created, expires, ..
        } = self;
        let (keyid, nonce) = (ss58(hotkey), STANDARD.encode(self.nonce));
        format!(
            "{OF_QUESTION};created={created};keyid=\"{keyid}\";expires={expires};\
             nonce=\"{nonce}\";tag=\"{TAG}\""
        )
    }
}

impl Answered {
    /// Returns the signature base for an answer by `hotkey`.
    pub fn base(&self, hotkey: &AccountId, basis: Basis<'_>) -> Vec<u8> {
        let base = Base::default()
            .line("\"@status\"", &self.status.to_string())
            .line("\"content-type\"", self.media.text())
            .line("\"content-digest\"", &digest_field(&self.body));
        let base = match basis {
            Basis::Signature(signature) => {
                base.line("\"signature\";req;key=\"q\"", &bytes_item(signature))
            }
            Basis::Path(path) => base.line("\"@path\";req", path.as_str()),
        };
        base.finish(&self.params(hotkey, basis))
    }

    fn params(&self, hotkey: &AccountId, basis: Basis<'_>) -> String {
        let components = match basis {
            Basis::Signature(_) => OF_ANSWER,
            Basis::Path(_) => OF_PAGE,
        };
        let (created, keyid) = (self.created, ss58(hotkey));
        format!("{components};created={created};keyid=\"{keyid}\";tag=\"{TAG}\"")
    }

    /// Returns the fields of an answer, in the order of the specification.
    pub fn write(
        &self,
        hotkey: &AccountId,
        basis: Basis<'_>,
        signature: &[u8; 64],
    ) -> [(&'static str, String); 4] {
        [
            (CONTENT_TYPE, self.media.text().into()),
            (CONTENT_DIGEST, digest_field(&self.body)),
            (
                SIGNATURE_INPUT,
                format!("{ANSWERED}={}", self.params(hotkey, basis)),
            ),
            (SIGNATURE, format!("{ANSWERED}={}", bytes_item(signature))),
        ]
    }

    /// Reads the fields of an answer by `hotkey`, with the signature, which is not yet verified.
    ///
    /// # Errors
    /// The first field that is not of the profile, or that names another key.
    pub fn read(
        status: u16,
        headers: &HeaderMap,
        hotkey: &AccountId,
        basis: Basis<'_>,
    ) -> Result<(Self, [u8; 64]), FieldError> {
        let media = read_media(headers)?;
        let body = read_digest(headers)?;
        let value = only(headers, SIGNATURE_INPUT)?;
        let input = Input::parse(value, ANSWERED)?;
        let created = input.integer("created")?;
        let answered = Self {
            status,
            media,
            body,
            created,
        };
        let expected = answered.params(hotkey, basis);
        canonical(SIGNATURE_INPUT, value, format!("{ANSWERED}={expected}"))?;
        let signature = read_signature(headers, ANSWERED)?;
        Ok((answered, signature))
    }
}

/// Returns the fields of a question, in the order of the specification.
pub fn write_question(question: &SignedRequest) -> [(&'static str, String); 5] {
    let asked = question.asked();
    [
        (CONTENT_TYPE, asked.media.text().into()),
        (CONTENT_DIGEST, digest_field(&asked.body)),
        (INKTENSOR, context_field(&asked.context)),
        (
            SIGNATURE_INPUT,
            format!("{ASKED}={}", asked.params(&question.hotkey)),
        ),
        (
            SIGNATURE,
            format!("{ASKED}={}", bytes_item(&question.signature)),
        ),
    ]
}

/// Reads a question from the path and the fields of a `POST`. The signature is not yet verified.
///
/// # Errors
/// The first part that is not of the profile.
pub fn read_question(path: &str, headers: &HeaderMap) -> Result<SignedRequest, ShapeError> {
    let path = Path::new(path)?;
    let media = read_media(headers)?;
    let body = read_digest(headers)?;
    let context = read_context(only(headers, INKTENSOR)?)?;
    let value = only(headers, SIGNATURE_INPUT)?;
    let input = Input::parse(value, ASKED)?;
    let part = |part| FieldError::Part {
        field: SIGNATURE_INPUT,
        part,
    };
    let created = input.integer("created")?;
    let expires = input.integer("expires")?;
    let hotkey = parse_address(input.string("keyid")?).map_err(|_| part("keyid"))?;
    let nonce = input.string("nonce")?;
    let nonce = fixed(nonce).ok_or(part("nonce"))?;
    let asked = Asked {
        path,
        media,
        body,
        context,
        created,
        expires,
        nonce,
    };
    canonical(
        SIGNATURE_INPUT,
        value,
        format!("{ASKED}={}", asked.params(&hotkey)),
    )?;
    let signature = read_signature(headers, ASKED)?;
    Ok(SignedRequest::from_parts(asked, hotkey, signature))
}

/// Returns the value of the only line of a field.
///
/// # Errors
/// [`FieldError::Missing`], [`FieldError::Repeated`], [`FieldError::TooLong`],
/// [`FieldError::Syntax`] for bytes outside ASCII, in this order.
pub fn only<'a>(headers: &'a HeaderMap, field: &'static str) -> Result<&'a str, FieldError> {
    let name = HeaderName::try_from(field).map_err(|_| FieldError::Missing(field))?;
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(FieldError::Missing(field))?;
    if values.next().is_some() {
        return Err(FieldError::Repeated(field));
    }
    if value.len() > crate::signature::MAX_FIELD {
        return Err(FieldError::TooLong(field));
    }
    value.to_str().map_err(|_| FieldError::Syntax(field))
}

fn read_media(headers: &HeaderMap) -> Result<Media, FieldError> {
    let part = FieldError::Part {
        field: CONTENT_TYPE,
        part: "the type",
    };
    Media::parse(only(headers, CONTENT_TYPE)?).ok_or(part)
}

fn read_digest(headers: &HeaderMap) -> Result<Digest, FieldError> {
    let value = only(headers, CONTENT_DIGEST)?;
    let members = dictionary(value, CONTENT_DIGEST)?;
    let digest = bytes(&members, "sha-256");
    let part = FieldError::Part {
        field: CONTENT_DIGEST,
        part: "sha-256",
    };
    let digest = digest.ok_or(part)?;
    canonical(CONTENT_DIGEST, value, digest_field(&digest))?;
    Ok(digest)
}

fn read_context(value: &str) -> Result<Context, FieldError> {
    let members = dictionary(value, INKTENSOR)?;
    let part = |part| FieldError::Part {
        field: INKTENSOR,
        part,
    };
    let by = match members.contains_key("by") {
        true => Some(integer(&members, "by").ok_or(part("by"))?),
        false => None,
    };
    let context = Context {
        home: bytes(&members, "home").ok_or(part("home"))?,
        netuid: NetUid(integer(&members, "netuid").ok_or(part("netuid"))?),
        epoch: integer(&members, "epoch").ok_or(part("epoch"))?,
        by,
        to: AccountId::from(bytes::<32>(&members, "to").ok_or(part("to"))?),
        seat: integer(&members, "seat").ok_or(part("seat"))?,
    };
    canonical(INKTENSOR, value, context_field(&context))?;
    Ok(context)
}

fn read_signature(headers: &HeaderMap, label: &'static str) -> Result<[u8; 64], FieldError> {
    let value = only(headers, SIGNATURE)?;
    let bytes = signature_bytes(value, label)?;
    let part = FieldError::Part {
        field: SIGNATURE,
        part: "a signature of 64 bytes",
    };
    let signature: [u8; 64] = bytes.try_into().map_err(|_| part)?;
    canonical(
        SIGNATURE,
        value,
        format!("{label}={}", bytes_item(&signature)),
    )?;
    Ok(signature)
}

fn canonical(field: &'static str, value: &str, expected: String) -> Result<(), FieldError> {
    if value == expected {
        Ok(())
    } else {
        Err(FieldError::NotCanonical { field, expected })
    }
}

fn digest_field(digest: &Digest) -> String {
    format!("sha-256={}", bytes_item(digest))
}

fn context_field(context: &Context) -> String {
    let Context {
        netuid,
        epoch,
        seat,
        ..
    } = context;
    let by = context
        .by
        .map_or_else(String::new, |by| format!(", by={by}"));
    let (home, to) = (bytes_item(&context.home), bytes_item(context.to.as_ref()));
    let netuid = netuid.0;
    format!("home={home}, netuid={netuid}, epoch={epoch}{by}, to={to}, seat={seat}")
}

/// Returns a byte sequence of RFC 9651.
fn bytes_item(bytes: &[u8]) -> String {
    format!(":{}:", STANDARD.encode(bytes))
}

fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

fn item<'a>(members: &'a Dictionary, key: &str) -> Option<&'a BareItem> {
    match members.get(key)? {
        ListEntry::Item(item) => Some(&item.bare_item),
        ListEntry::InnerList(_) => None,
    }
}

fn bytes<const N: usize>(members: &Dictionary, key: &str) -> Option<[u8; N]> {
    item(members, key)?.as_byte_sequence()?.try_into().ok()
}

fn integer<T: TryFrom<i64>>(members: &Dictionary, key: &str) -> Option<T> {
    let value = item(members, key)?.as_integer()?;
    T::try_from(i64::from(value)).ok()
}

#[cfg(test)]
mod tests;
