-- A play link, checked by the web server itself (lighttpd 1.4.69, mod_magnet).
--
-- It sends a finished recording exactly as a responder would: the same status, headers and bytes,
-- at nearly the speed of a static file (tests/http/test_play_link.py compares the two). All else
-- goes on to a responder as if this script were not here: a link that does not hold, so that
-- failures are answered and counted in one place; a file that is not here, or not all of it; any
-- precondition but a fitting If-Range; any Range but one plain, satisfiable one.
--
-- From the environment: RECORDINGS_DIR, MEDIA_SECRET, and MEDIA_SECRET_PREVIOUS while it is being
-- changed, as the responders have them. Without a secret every link goes to a responder.

-- Everything below is made once and kept; lighttpd runs this file anew for each request.
if _G.play_link then
    return _G.play_link()
end

local LINK = "^/media/(([1-9]%d*)/(CA%x+)%.(%w+))%?exp=([1-9]%d*)&sig=([0-9a-f]+)$"
local TYPES = { wav = "audio/wav", mp3 = "audio/mpeg" }
local SID_LENGTH, DIGITS_MAX = 34, 15
local NS_PER_S = 1000000000
local KNOWN_MAX = 1000
local FOLDER = os.getenv("RECORDINGS_DIR") .. "/"
local SECRETS = { os.getenv("MEDIA_SECRET") or "", os.getenv("MEDIA_SECRET_PREVIOUS") or "" }

local request, headers = lighty.r.req_attr, lighty.r.req_header
local response = lighty.r.resp_header
local stat, hmac, digest_eq = lighty.c.stat, lighty.c.hmac, lighty.c.digest_eq

-- Links that hold, by their text: a player asks with the same one again and again. At most
-- KNOWN_MAX, then all are forgotten.
local known, known_count = {}, 0

-- GET or HEAD, without anything that changes the answer but a Range.
local function is_ordinary(method)
    return (method == "GET" or method == "HEAD") and request["request.protocol"] ~= "HTTP/1.0"
        and not (headers["If-None-Match"] or headers["If-Modified-Since"] or headers["If-Match"]
            or headers["If-Unmodified-Since"] or headers["Origin"] or headers["Content-Length"]
            or headers["Transfer-Encoding"])
end

-- As shared/recordings/link.h has it; in constant time.
local function is_signed(name, expires, signature)
    for _, secret in ipairs(SECRETS) do
        local digest = secret ~= "" and hmac("sha256", secret, name .. "\n" .. expires)
        if digest and digest_eq(digest, signature) then
            return true
        end
    end
    return false
end

local function parse(target)
    local name, business, call, kind, expires, signature = target:match(LINK)
    if not name or not TYPES[kind] or #call ~= SID_LENGTH or #business > DIGITS_MAX
        or #expires > DIGITS_MAX or not is_signed(name, expires, signature) then
        return nil
    end
    return { path = FOLDER .. name, kind = kind, expires = tonumber(expires) }
end

-- The link that was asked for, if it is one and still opens something.
local function good_link(target)
    local link = known[target]
    if not link then
        link = parse(target)
        if not link then
            return nil
        end
        if known_count == KNOWN_MAX then
            known, known_count = {}, 0
        end
        known[target], known_count = link, known_count + 1
    end
    return os.time() < link.expires and link or nil
end

-- The finished file: a WAV comes before an MP3 of the same call, as in shared/recordings/file.c.
local function find(link)
    if link.kind ~= "wav" and stat((link.path:gsub("%w+$", "wav"))) then
        return nil
    end
    local file = stat(link.path)
    return file and file.is_file and file or nil
end

-- One that every server reads as we do (fcgi/serve.c, range_is_plain), and that can be satisfied.
local function range_is_plain(range, size)
    local first, last = range:match("^bytes=(%d*)%-(%d*)$")
    if not first or #first > DIGITS_MAX or #last > DIGITS_MAX then
        return false
    end
    first, last = tonumber(first), tonumber(last)
    if not first then
        return last ~= nil and last > 0 and size > 0
    end
    return first < size and (not last or first <= last)
end

-- What stands in the headers, as shared/recordings/file.c makes it; written anew when it changes.
local function describe(link, file)
    local size, seconds, nanoseconds = file.st_size, file.st_mtim()
    local modified = seconds * NS_PER_S + nanoseconds
    if link.size ~= size or link.modified ~= modified then
        link.size, link.modified = size, modified
        link.etag = string.format('"%x-%x"', size, modified)
        link.date = os.date("!%a, %d %b %Y %H:%M:%S GMT", seconds)
    end
end

local function send(link, file, method)
    local range, if_range = headers["Range"], headers["If-Range"]
    describe(link, file)
    if if_range and (if_range ~= link.etag or not range) then
        return nil
    end
    if range and (method == "HEAD" or not range_is_plain(range, link.size)) then
        return nil
    end
    if file["http-response-send-file"] ~= 200 then -- a symbolic link, or not ours to read
        return nil
    end
    response["ETag"] = link.etag
    response["Last-Modified"] = link.date
    response["Cache-Control"] = "private, no-store"
    response["Content-Disposition"] = "inline"
    response["Content-Type"] = TYPES[link.kind]
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    response["Vary"] = "Origin"
    return 200
end

_G.play_link = function()
    local method = request["request.method"]
    local link = is_ordinary(method) and good_link(request["request.orig-uri"])
    local file = link and find(link)
    return file and send(link, file, method) or nil
end
return _G.play_link()
