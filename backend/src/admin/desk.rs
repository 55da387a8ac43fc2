//! What verbs need that look at a service's database or change it: all of it there already, none of it made here.

use std::{path::Path, sync::Arc};

use super::{AdminError, configured};
use crate::{
    audit::Audit,
    clock::Chance,
    config::{Config, Environment},
    domain::{PrincipalId, ServerId},
    sealing,
    storage::{Opened, Person, Place, Store},
    vault::Vault,
};

/// How many people one name may fit before it is no use to list them.
const SAME_NAME: u32 = 10;

pub(super) struct Desk {
    pub config: Config,
    pub store: Arc<dyn Store>,
    pub vault: Arc<Vault>,
    pub audit: Audit,
    pub chance: Chance,
    /// Who runs this, as far as the environment says.
    pub by: String,
    database: Opened,
}

impl Desk {
    /// Opens the database and the key that the configuration names.
    pub(super) async fn of(named: Option<&Path>, environment: &dyn Environment) -> Result<Self, AdminError> {
        let (_, config) = configured(named, environment)?;
        let schema = Opened::schema(&config.database, false).await?;
        if !schema.is_complete {
            let place = Place(&config.database).to_string();
            return Err(AdminError::OlderSchema { place, found: schema.found, needed: schema.needed });
        }
        let chance = Chance::from_system();
        let database = Opened::open(&config.database, None).await?;
        let store = database.store();
        let vault = Arc::new(sealing::open_vault(&config.key, false, store.as_ref(), &chance).await?);
        let audit = Audit::start(Arc::clone(&store), Arc::clone(&vault), &chance);
        let by = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| environment.filled(name));
        let by = format!("administrator {}", by.as_deref().unwrap_or("?"));
        Ok(Self { config, store, vault, audit, chance, by, database })
    }

    /// Writes down what was done, if the database and the active key are there, and closes the database.
    pub(super) async fn close(self) {
        self.audit.finish().await;
        self.database.close().await;
    }

    /// The one person who goes by this name.
    pub(super) async fn person(&self, name: &str) -> Result<Option<Person>, AdminError> {
        let mut found = self.store.people(Some(name), SAME_NAME).await?;
        if found.len() > 1 {
            let people: Vec<_> = found.iter().map(super::words::person).collect();
            let people = format!("\n  {}", people.join("\n  "));
            return Err(AdminError::SameName { name: name.to_owned(), people });
        }
        Ok(found.pop())
    }

    /// The id of whoever goes by this name, remembered or not.
    pub(super) async fn principal(&self, name: &str) -> Result<PrincipalId, AdminError> {
        match self.person(name).await? {
            Some(person) => Ok(person.id),
            None if is_id(name) => Ok(PrincipalId(name.to_owned())),
            None => Err(AdminError::Nobody(name.to_owned())),
        }
    }

    /// The server behind a source; a name that is no source's is a server's.
    pub(super) fn server(&self, source: &str) -> ServerId {
        let found = self.config.source(&source.into());
        let server = found.and_then(|source| source.protection.as_ref()).map(|protection| protection.server.clone());
        server.unwrap_or_else(|| source.into())
    }
}

/// Whether this looks like the id of a person: records carry it when nobody remembers them.
pub(super) fn is_id(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
}
