//! The only crate that opens a socket.
//!
//! Every request of a guest or of the host goes through a [`Gate`], which belongs to one call:
//!
//! 1. the URL, the method and the headers are read strictly and searched for known secrets;
//! 2. the call's grant decides about origin, method and path, and about the name lookup;
//! 3. the name is looked up once and *every* address found is checked ([`classify`]);
//! 4. one of the checked addresses is dialled, and no other; TLS is checked against the name;
//! 5. the credential that the grant names is put on, or into a JSON body, if its own list has the origin;
//! 6. the body is searched and counted while it is sent, the answer counted and covered while it comes.
//!
//! An origin that the user says is served elsewhere ([`Endpoint`]) keeps its public name in 1, 2 and 5; 3 and 4 are
//! about the endpoint.
//!
//! With [`EgressBuilder::cache`], what was answered before is used again after 1 and 2, as a private cache may.
//!
//! A redirect is an answer; following it is a new request. Nothing is decompressed, and no proxy is used.

mod addresses;
mod body;
mod cache;
mod connection;
mod credentials;
mod egress;
mod endpoint;
mod error;
mod forms;
mod gate;
mod headers;
mod inject;
mod inspect;
mod meter;
mod observe;
mod outgoing;
mod pool;
mod redirect;
mod resolve;
mod scan;
mod target;
mod timeouts;
mod tls;
mod trail;
mod wait;

pub use addresses::{AddressClass, Classified, classify};
pub use body::Body;
pub use cache::{CACHED_BODY_MAX, CacheError, CacheLimits};
pub use connection::{RESPONSE_HEAD_MAX, RESPONSE_HEADERS_MAX};
pub use credentials::{CredentialError, Credentials, SECRET_MAX, SECRET_MIN};
pub use egress::{BuildError, Egress, EgressBuilder};
pub use endpoint::{Endpoint, EndpointError};
pub use error::{EgressError, Phase, Place};
pub use gate::Gate;
pub use headers::{REQUEST_HEAD_MAX, REQUEST_HEADERS_MAX};
pub use inject::BODY_CREDENTIAL_MAX;
pub use meter::Meter;
pub use observe::{Exchange, FromCache, Observe};
pub use resolve::{FixedResolver, Resolve, SystemResolver};
pub use timeouts::Timeouts;
pub use tls::Roots;
