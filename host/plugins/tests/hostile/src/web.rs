//! Requests over `wasi:http`. What to send is told in lines: method and address, headers, then after an empty line the
//! body.

#[cfg(target_arch = "wasm32")]
pub(crate) use real::{fetch, follow};

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn fetch(_: &str) -> String {
    String::new()
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn follow(_: &str) -> String {
    String::new()
}

#[cfg(target_arch = "wasm32")]
mod real {
    use wasip2::http::outgoing_handler::handle;
    use wasip2::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, Scheme, http_error_code};
    use wasip2::io::streams::StreamError;

    /// Sends one request; gives status, headers and body in lines, or the error.
    pub(crate) fn fetch(arguments: &str) -> String {
        exchange(arguments).map_or_else(|error| error, |(answer, _)| answer)
    }

    /// Sends one request and goes where redirects point to.
    pub(crate) fn follow(arguments: &str) -> String {
        let mut arguments = arguments.to_owned();
        loop {
            match exchange(&arguments) {
                Ok((_, Some(location))) => arguments = format!("GET {location}"),
                Ok((answer, None)) => return answer,
                Err(error) => return error,
            }
        }
    }

    /// The answer, and where it redirects to.
    fn exchange(arguments: &str) -> Result<(String, Option<String>), String> {
        let (head, content) = arguments.split_once("\n\n").unwrap_or((arguments, ""));
        let mut lines = head.lines();
        let (method, address) = lines.next().and_then(|line| line.split_once(' ')).ok_or("no request")?;
        let (scheme, rest) = address.split_once("://").ok_or("no scheme")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let headers = Fields::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers.append(name, value.as_bytes()).map_err(|error| format!("{name}: {error:?}"))?;
        }
        let request = OutgoingRequest::new(headers);
        let method = match method {
            "GET" => Method::Get,
            "POST" => Method::Post,
            other => Method::Other(other.into()),
        };
        let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Other(scheme.into()) };
        request.set_method(&method).map_err(|()| "method")?;
        request.set_scheme(Some(&scheme)).map_err(|()| "scheme")?;
        request.set_authority(Some(authority)).map_err(|()| "authority")?;
        request.set_path_with_query(Some(path)).map_err(|()| "path")?;
        let body = request.body().map_err(|()| "no body")?;
        let future = handle(request, None).map_err(|error| format!("{error:?}"))?;
        let stream = body.write().map_err(|()| "no stream")?;
        for part in content.as_bytes().chunks(4096) {
            // Whoever refused the request reads no body; the answer says why.
            if stream.blocking_write_and_flush(part).is_err() {
                break;
            }
        }
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
        future.subscribe().block();
        let answer = future.get().ok_or("no answer")?.map_err(|()| "taken")?.map_err(|error| format!("{error:?}"))?;
        let (mut text, mut location) = (answer.status().to_string(), None);
        for (name, value) in answer.headers().entries() {
            let value = String::from_utf8_lossy(&value).into_owned();
            text = format!("{text}\n{name}: {value}");
            if name == "location" {
                location = Some(value);
            }
        }
        text.push_str("\n\n");
        let body = answer.consume().map_err(|()| "consumed")?;
        let stream = body.stream().map_err(|()| "streaming")?;
        loop {
            match stream.blocking_read(16 << 10) {
                Ok(bytes) => text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(StreamError::Closed) => return Ok((text, location)),
                Err(StreamError::LastOperationFailed(error)) => {
                    let code = http_error_code(&error);
                    return Err(format!("{text} and then {code:?}: {}", error.to_debug_string()));
                }
            }
        }
    }
}
