//! The stores of logins and of sessions on Redis. Each method is one command or one script, which Redis runs whole.
//!
//! All keys are in one hash slot: what is used up together must be. `maxmemory-policy` has to be `noeviction`, or a mark that
//! a response was used could be dropped before its time.

use chrono::{DateTime, TimeDelta, Utc};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{FromRedisValue, ToRedisArgs, cmd};
use saml_sp::logout::{Ended, LogoutTarget, PendingLogout};
use saml_sp::storage::{LoginStore, Peeked, SessionStore, Store, TakenLogout};
use saml_sp::{Claim, PendingKey, PendingLogin, ReplayKey, RequestId, SamlSession, SessionId};
use std::time::Duration;

use super::host::SESSION_HOURS;
use super::{DbError, Result};

/// One server. A connection that breaks is made anew.
#[derive(Clone)]
pub struct Redis(ConnectionManager);

/// KEYS: what waits. ARGV: until when, fields and values.
const KEEP: &str = "if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'used', '0', unpack(ARGV, 2))
  redis.call('PEXPIREAT', KEYS[1], ARGV[1])
end";

/// KEYS: login, and the replay key where an assertion is noted. ARGV: connection, browser, until when the assertion is.
const USE_UP: &str = "local login = redis.call('HMGET', KEYS[1], 'connection', 'browser', 'used')
if login[1] ~= ARGV[1] or login[2] ~= ARGV[2] or login[3] ~= '0' then return 'consumed' end
redis.call('HSET', KEYS[1], 'used', '1')
if KEYS[2] and not redis.call('SET', KEYS[2], '', 'NX', 'PXAT', ARGV[3]) then return 'replayed' end
return 'first'";

/// KEYS: session, its user. ARGV: until when, value, ID of the session, digests of its indexes.
const OPEN: &str = "if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'value', ARGV[2], 'ended', '0')
  redis.call('PEXPIREAT', KEYS[1], ARGV[1])
  redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
  redis.call('PEXPIREAT', KEYS[2], ARGV[1])
end";

const CLOSE: &str = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'ended', '1') end";

/// KEYS: replay key, user. ARGV: until when the replay key is noted, what keys of sessions begin with, digests of indexes.
const END: &str = "if not redis.call('SET', KEYS[1], '', 'NX', 'PXAT', ARGV[1]) then return 'replayed' end
local sessions, outcome = redis.call('HGETALL', KEYS[2]), 'subject'
for i = 1, #sessions, 2 do
  local session, named = ARGV[2] .. sessions[i], #ARGV == 2
  for n = 3, #ARGV do named = named or string.find(sessions[i + 1], ARGV[n], 1, true) end
  if redis.call('EXISTS', session) == 0 then
    redis.call('HDEL', KEYS[2], sessions[i])
  elseif named then
    redis.call('HSET', session, 'ended', '1')
    outcome = 'all'
  elseif outcome == 'subject' then
    outcome = 'session'
  end
end
return outcome";

const TAKE: &str = "local logout = redis.call('HMGET', KEYS[1], 'used', 'value')
if logout[1] == '0' then redis.call('HSET', KEYS[1], 'used', '1') end
return logout";

impl Redis {
    /// `redis://127.0.0.1:6379/`.
    pub async fn open(url: &str) -> Result<Self> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(Duration::from_secs(2)))
            .set_response_timeout(Some(Duration::from_secs(2)));
        Ok(Self(ConnectionManager::new_with_config(redis::Client::open(url)?, config).await?))
    }

    pub async fn is_open(&self, id: &SessionId) -> Result<bool> {
        let ended: Option<String> = self.field(&session_key(id), "ended").await?;
        Ok(ended.as_deref() == Some("0"))
    }

    /// What the identity provider knows of a session.
    pub async fn saml_session(&self, id: &SessionId) -> Result<Option<SamlSession>> {
        let value: Option<Vec<u8>> = self.field(&session_key(id), "value").await?;
        Ok(value.map(|octets| SamlSession::from_bytes(&octets)).transpose()?)
    }

    async fn field<T: FromRedisValue>(&self, key: &str, field: &str) -> Result<T> {
        Ok(cmd("HGET").arg(key).arg(field).query_async(&mut self.0.clone()).await?)
    }

    async fn run<T: FromRedisValue>(&self, script: &str, keys: &[String], arguments: impl ToRedisArgs) -> Result<T> {
        let mut eval = cmd("EVAL");
        eval.arg(script).arg(keys.len()).arg(keys).arg(arguments);
        Ok(eval.query_async(&mut self.0.clone()).await?)
    }
}

impl Store for Redis {
    type Error = DbError;
}

impl LoginStore for Redis {
    async fn keep(&self, pending: &PendingLogin) -> Result<()> {
        let key = pending.key();
        let fields: [&[u8]; 7] = [
            &until(pending.expires_at()),
            b"connection",
            key.connection().as_str().as_bytes(),
            b"browser",
            key.browser().as_str().as_bytes(),
            b"value",
            &pending.to_bytes(),
        ];
        self.run(KEEP, &[login_key(key.request())], fields.as_slice()).await
    }

    async fn peek(&self, request: &RequestId) -> Result<Peeked> {
        let mut query = cmd("HMGET");
        query.arg(login_key(request)).arg(&["used", "value"]);
        let found: (Option<String>, Option<Vec<u8>>) = query.query_async(&mut self.0.clone()).await?;
        Ok(match found {
            (Some(used), Some(value)) if used == "0" => Peeked::Pending(PendingLogin::from_bytes(&value)?),
            (Some(_), _) => Peeked::Used,
            (None, _) => Peeked::Unknown,
        })
    }

    async fn take(&self, key: &PendingKey) -> Result<()> {
        let arguments = [key.connection().as_str(), key.browser().as_str()];
        let _: String = self.run(USE_UP, &[login_key(key.request())], &arguments).await?;
        Ok(())
    }

    async fn complete(&self, key: &PendingKey, replay_key: &ReplayKey) -> Result<Claim> {
        let keys = [login_key(key.request()), noted_key(replay_key)];
        let arguments: [&[u8]; 3] =
            [key.connection().as_str().as_bytes(), key.browser().as_str().as_bytes(), &until(replay_key.keep_until())];
        let outcome: String = self.run(USE_UP, &keys, arguments.as_slice()).await?;
        Ok(match outcome.as_str() {
            "first" => Claim::First,
            "replayed" => Claim::Replayed,
            _ => Claim::RequestConsumed,
        })
    }

    async fn claim(&self, replay_key: &ReplayKey) -> Result<Claim> {
        let mut set = cmd("SET");
        set.arg(noted_key(replay_key)).arg("").arg("NX").arg("PXAT").arg(until(replay_key.keep_until()));
        let set: Option<String> = set.query_async(&mut self.0.clone()).await?;
        Ok(if set.is_some() { Claim::First } else { Claim::Replayed })
    }
}

impl SessionStore for Redis {
    async fn open(&self, session: &SamlSession) -> Result<()> {
        let indexes: Vec<String> = session.indexes().iter().map(|index| index.as_str().to_owned()).collect();
        let indexes = indexes.join(" ");
        let keys = [session_key(session.id()), user_key(session.connection().as_str(), session.subject().as_str())];
        let arguments: [&[u8]; 4] = [
            &until(Utc::now() + TimeDelta::hours(SESSION_HOURS)),
            &session.to_bytes(),
            session.id().as_str().as_bytes(),
            indexes.as_bytes(),
        ];
        self.run(OPEN, &keys, arguments.as_slice()).await
    }

    async fn close(&self, session: &SessionId) -> Result<()> {
        self.run(CLOSE, &[session_key(session)], &[""; 0]).await
    }

    async fn end(&self, target: &LogoutTarget) -> Result<Ended> {
        let keys = [noted_key(target.replay_key()), user_key(target.connection().as_str(), target.subject().as_str())];
        let mut arguments = vec![until(target.replay_key().keep_until()), key("session", "").into_bytes()];
        arguments.extend(target.indexes().iter().map(|index| index.as_str().as_bytes().to_vec()));
        let outcome: String = self.run(END, &keys, arguments).await?;
        Ok(match outcome.as_str() {
            "all" => Ended::All,
            "session" => Ended::UnknownSession,
            "subject" => Ended::UnknownSubject,
            _ => Ended::Replayed,
        })
    }

    async fn keep_logout(&self, pending: &PendingLogout) -> Result<()> {
        let value = pending.to_bytes();
        let fields: [&[u8]; 3] = [&until(pending.expires_at()), b"value", &value];
        self.run(KEEP, &[logout_key(pending.request())], fields.as_slice()).await
    }

    async fn take_logout(&self, request: &RequestId) -> Result<TakenLogout> {
        let found: (Option<String>, Option<Vec<u8>>) = self.run(TAKE, &[logout_key(request)], &[""; 0]).await?;
        Ok(match found {
            (Some(used), Some(value)) if used == "0" => TakenLogout::Pending(PendingLogout::from_bytes(&value)?),
            (Some(_), _) => TakenLogout::Used,
            (None, _) => TakenLogout::Unknown,
        })
    }
}

/// A day of margin, for clocks that differ and for users who come back late.
fn until(end: DateTime<Utc>) -> Vec<u8> {
    (end + TimeDelta::days(1)).timestamp_millis().to_string().into_bytes()
}

fn key(kind: &str, name: &str) -> String {
    format!("{{saml}}:{kind}:{name}")
}

fn login_key(request: &RequestId) -> String {
    key("login", request.as_str())
}

fn logout_key(request: &RequestId) -> String {
    key("logout", request.as_str())
}

fn session_key(session: &SessionId) -> String {
    key("session", session.as_str())
}

/// The length parts the two names, whatever is in them.
fn noted_key(replay_key: &ReplayKey) -> String {
    let connection = replay_key.connection().as_str();
    key("noted", &format!("{}:{connection}:{}", connection.len(), replay_key.assertion().as_str()))
}

fn user_key(connection: &str, subject: &str) -> String {
    key("user", &format!("{}:{connection}:{subject}", connection.len()))
}
