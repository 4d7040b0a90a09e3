//! Room for bodies: how large one may be, how many bytes there may be of all, and how long one may take to come.
//!
//! Room is taken as a body comes and given back when its work is done. Where there is none, whoever sends is told to
//! wait. Whoever may record and whoever only knows the address of a hook have rooms of their own, so that the one is not
//! kept out by the other.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::{Kind, Problem};

/// Room is given out in units of so many bytes.
const UNIT: usize = 4_096;

/// Room for bodies.
pub(super) struct Room {
    units: Arc<Semaphore>,
    /// The most bytes of one body.
    most: usize,
    /// The longest that one may take.
    time: Duration,
}

impl Room {
    /// Room for `all` bytes, of `most` a body, each of which may take so long.
    pub(super) fn new(all: usize, most: usize, time: Duration) -> Self {
        Self { units: Arc::new(Semaphore::new(all.max(most).div_ceil(UNIT))), most, time }
    }

    /// A body, with the room that it takes.
    pub(super) async fn take(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Bytes, OwnedSemaphorePermit), Problem> {
        let most = self.most;
        let told = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let too_large =
            || Kind::Large.because(format!("a body may have {most} bytes here; send several smaller ones"));
        if told.is_some_and(|length| length > most) {
            return Err(too_large());
        }
        match tokio::time::timeout(self.time, self.read(body)).await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(Stopped::TooLong)) => Err(too_large()),
            Ok(Err(Stopped::Full)) => {
                Err(Kind::Busy
                    .because("there is no room for another body just now; send it again in a moment"))
            }
            Ok(Err(Stopped::BrokenOff)) => {
                Err(Kind::Request.because("the body broke off; nothing of it was taken"))
            }
            Err(_) => Err(Kind::Slow.because("the body came too slowly; nothing of it was taken")),
        }
    }

    /// Reads a body, and takes room for what has come: who says that much will come has not sent it yet.
    async fn read(&self, mut body: Body) -> Result<(Bytes, OwnedSemaphorePermit), Stopped> {
        let more =
            |units: u32| Arc::clone(&self.units).try_acquire_many_owned(units).map_err(|_| Stopped::Full);
        let (mut bytes, mut room) = (Vec::new(), more(1)?);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Stopped::BrokenOff)?;
            let Some(data) = frame.data_ref() else { continue };
            if bytes.len() + data.len() > self.most {
                return Err(Stopped::TooLong);
            }
            bytes.extend_from_slice(data);
            let missing = bytes.len().div_ceil(UNIT).saturating_sub(room.num_permits());
            if missing > 0 {
                room.merge(more(u32::try_from(missing).map_err(|_| Stopped::TooLong)?)?);
            }
        }
        Ok((bytes.into(), room))
    }
}

/// Why a body was not read to its end.
enum Stopped {
    TooLong,
    Full,
    BrokenOff,
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    use super::*;

    fn status(problem: Problem) -> StatusCode {
        problem.into_response().status()
    }

    #[tokio::test]
    async fn a_body_takes_its_room_until_its_work_is_done() {
        let room = Room::new(2 * UNIT, 2 * UNIT, Duration::from_secs(5));
        let long = |length: usize| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_LENGTH, length.to_string().parse().unwrap());
            headers
        };
        let (bytes, held) = room.take(&long(5), Body::from("12345")).await.unwrap();
        assert_eq!(&bytes[..], b"12345");
        let one = room.take(&long(UNIT), Body::from(vec![0; UNIT])).await.unwrap();
        let full = room.take(&long(1), Body::from("1")).await.unwrap_err();
        assert_eq!(status(full), StatusCode::SERVICE_UNAVAILABLE);
        drop((held, one));
        // One that says that much will come, or nothing, takes no more than has come.
        let never = || Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let headers = [long(2 * UNIT), HeaderMap::new()];
        let waiting = headers.each_ref().map(|headers| room.take(headers, never()));
        let waiting = futures_util::future::join_all(waiting);
        let other = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            room.units.available_permits()
        };
        tokio::select! {
            _ = waiting => unreachable!("they never end"),
            left = other => assert_eq!(left, 0, "a unit each"),
        }
        for (headers, body) in [(long(2 * UNIT + 1), 0), (HeaderMap::new(), 2 * UNIT + 1)] {
            let large = room.take(&headers, Body::from(vec![0; body])).await.unwrap_err();
            assert_eq!(status(large), StatusCode::PAYLOAD_TOO_LARGE);
        }
        let slow = Room::new(UNIT, UNIT, Duration::from_millis(20));
        assert_eq!(status(slow.take(&long(1), never()).await.unwrap_err()), StatusCode::REQUEST_TIMEOUT);
    }
}
