//! Who asks. One trait, so that accounts come later without a change of the pages; the product has only the local person.

use async_trait::async_trait;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tokio::sync::OnceCell;

use super::Site;
use super::failure::Failure;
use crate::base::{Clock, PersonId, Random};
use crate::model::{Person, PersonRole};
use crate::store::{Store, StoreError};

/// Tells the person of a request.
#[async_trait]
pub trait Identity: Send + Sync {
    /// Whose request it is. Headers are those of the request; nothing of them may be believed without proof.
    ///
    /// # Errors
    /// When the database fails.
    async fn person(&self, request: &Parts) -> Result<Person, StoreError>;
}

/// The one person of an installation without accounts: whoever reaches the loopback address.
#[derive(Debug)]
pub struct LocalPerson {
    store: Store,
    clock: Clock,
    random: Random,
    person: OnceCell<Person>,
}

impl LocalPerson {
    /// The row is made when the first request comes.
    #[must_use]
    pub fn new(store: Store, clock: Clock, random: Random) -> Self {
        Self {
            store,
            clock,
            random,
            person: OnceCell::new(),
        }
    }

    /// The person; made if there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn get(&self) -> Result<&Person, StoreError> {
        self.person
            .get_or_try_init(|| async {
                if let Some(person) = self.store.first_of_role(PersonRole::Operator).await? {
                    return Ok(person);
                }
                let person = Person {
                    id: PersonId::fresh(&self.clock, &self.random),
                    name: "You".to_owned(),
                    role: PersonRole::Operator,
                    created: self.clock.now(),
                };
                self.store.add_person(&person).await?;
                Ok(person)
            })
            .await
    }
}

#[async_trait]
impl Identity for LocalPerson {
    async fn person(&self, _: &Parts) -> Result<Person, StoreError> {
        self.get().await.cloned()
    }
}

/// The id of the person who asks; every personal route takes it.
#[derive(Clone, Copy, Debug)]
pub struct Who(pub PersonId);

impl FromRequestParts<Site> for Who {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Failure> {
        Ok(Self(site.identity().person(parts).await?.id))
    }
}
