//! The people of the soak: they sign in, connect, and reconnect when they are asked to, as people do.

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use crate::check::person::{Person, SOURCE};
use crate::demo::plan::{Plan, SIGN_IN_CLIENT};
use crate::web::call::{Body, basic, post};

/// As many of them as a run needs.
pub const NAMES: [&str; 12] =
    ["alice", "bob", "carol", "dan", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory", "niaj"];

/// Jobs outlive every run.
const JOB_SECONDS: u32 = 604_800;

/// Somebody with a connected source and a job.
pub struct User {
    person: Person,
    /// Their name at the provider.
    pub name: &'static str,
    /// The job that asks for their tokens.
    pub job: String,
}

impl User {
    /// Signs in, connects and registers a job.
    pub fn arrive(plan: &Plan, name: &'static str) -> Result<Self> {
        let mut person = Person::new(name, &plan.public_url())?;
        person.sign_in_to("/live").with_context(|| format!("{name} could not sign in"))?;
        let mut user = Self { person, name, job: String::new() };
        user.connect()?;
        let token = user.subject_token(plan)?;
        let wanted = json!({ "subject_token": token, "data_sources": [SOURCE], "expiry_seconds": JOB_SECONDS });
        let url = format!("{}/v1/worker/jobs", plan.broker_url());
        let registered = post(&url, &format!("Bearer {}", plan.worker_key), &Body::Json(&wanted))?;
        registered["job_id"].as_str().context("the answer names no job")?.clone_into(&mut user.job);
        Ok(user)
    }

    /// Connects the source, for the first time or again, by the real flow.
    pub fn connect(&mut self) -> Result<()> {
        let state = self.person.connect().with_context(|| format!("{} could not connect", self.name))?;
        ensure!(state == "succeeded", "{}'s sign-in at the source ended as `{state}`", self.name);
        Ok(())
    }

    /// What AIQ has of somebody who is signed in: an ID token, here from the same client at the same provider.
    fn subject_token(&mut self, plan: &Plan) -> Result<String> {
        let redirect = format!("{}/v1/auth/login/callback", plan.public_url());
        let verifier = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let mut url = Url::parse(&format!("{}/auth", plan.issuer()))?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", SIGN_IN_CLIENT)
            .append_pair("redirect_uri", &redirect)
            .append_pair("scope", "openid")
            .append_pair("state", &Uuid::new_v4().to_string())
            .append_pair("code_challenge_method", "S256")
            .append_pair("code_challenge", &BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)));
        let back = self.person.sent_to(&url)?;
        let code = back.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
        let code = code.with_context(|| format!("the provider sent {} to {}", self.name, back.path()))?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &redirect),
            ("code_verifier", &verifier),
        ];
        let url = format!("{}/token", plan.issuer());
        let answer = post(&url, &basic(SIGN_IN_CLIENT, &plan.sign_in_secret), &Body::Form(&form))?;
        Ok(answer["id_token"].as_str().context("the provider gave no ID token")?.to_owned())
    }
}
