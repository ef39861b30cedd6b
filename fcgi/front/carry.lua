-- What the web server does with a recording that it may send by itself (lighttpd 1.4.69, mod_magnet):
-- it answers exactly as a responder would, the same status, headers and bytes, at nearly the speed
-- of a static file. Whether it may is for play_link.lua and granted.lua to say.
--
-- All else is left to a responder: a file that is not here, or not whole; any precondition but a
-- fitting If-Range; any Range but one plain, satisfiable one.

local lighty = ... -- which is its scripts' alone, and no global

-- As in shared/storage/audio.c, in the order in which shared/storage/file.c looks for them.
local KINDS = { "wav", "mp3", "flac", "oga", "w64" }
local TYPES = { wav = "audio/wav", mp3 = "audio/mpeg", flac = "audio/flac", oga = "audio/ogg",
    w64 = "audio/x-w64" }
local NAME = "^([1-9]%d*)/(%u%u)(%x+)%.(%w+)$"
local NAMED = { CA = true, RE = true } -- after a call or a recording
local SID_DIGITS, DIGITS_MAX = 32, 15
local NS_PER_S = 1000000000
local HEAD_SIZE, NO_CLAIM, SLACK = 12, 0x7ffff000, 16 -- as in shared/storage/wave.c, audio.h
local FOLDER = os.getenv("RECORDINGS_DIR") .. "/"

local request, headers = lighty.r.req_attr, lighty.r.req_header
local response = lighty.r.resp_header
local stat, digest = lighty.c.stat, lighty.c.md

local carry = { DIGITS_MAX = DIGITS_MAX }

-- A recording by its name below RECORDINGS_DIR, "7/CA….wav"; nil where that is none.
function carry.recording(name)
    local business, prefix, digits, kind = name:match(NAME)
    if not business or not NAMED[prefix] or not TYPES[kind] or #digits ~= SID_DIGITS
        or #business > DIGITS_MAX then
        return nil
    end
    return { path = FOLDER .. name, kind = kind }
end

-- GET or HEAD, without anything that changes the answer but a Range.
function carry.is_ordinary()
    local method = request["request.method"]
    return (method == "GET" or method == "HEAD") and request["request.protocol"] ~= "HTTP/1.0"
        and not (headers["If-None-Match"] or headers["If-Modified-Since"] or headers["If-Match"]
            or headers["If-Unmodified-Since"] or headers["Origin"] or headers["Content-Length"]
            or headers["Transfer-Encoding"])
end

-- The finished file, unless there is one of a kind that comes first.
local function find(recording)
    for _, kind in ipairs(KINDS) do
        if kind == recording.kind then
            local file = stat(recording.path)
            return file and file.is_file and file or nil
        elseif stat((recording.path:gsub("%w+$", kind))) then
            return nil
        end
    end
end

-- Has it all its bytes, as far as it says itself? As file_is_whole in shared/storage/file.c.
local function is_whole(recording, size)
    local file = size > 0 and recording.kind == "wav" and io.open(recording.path, "rb")
    if not file then
        return size > 0
    end
    local head = file:read(HEAD_SIZE) or ""
    file:close()
    if head:sub(1, 4) ~= "RIFF" or head:sub(9, HEAD_SIZE) ~= "WAVE" then
        return true
    end
    local a, b, c, d = head:byte(5, 8)
    local claimed = a + 256 * (b + 256 * (c + 256 * d))
    return claimed >= NO_CLAIM or claimed + 8 <= size + SLACK
end

-- One that every server reads as we do (fcgi/http/serve.c, range_is_plain), and that can be satisfied.
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

-- What stands in the headers, as shared/storage/file.c makes it; written anew when it changes.
local function describe(recording, file)
    local size, seconds, nanoseconds = file.st_size, file.st_mtim()
    local modified = seconds * NS_PER_S + nanoseconds
    if recording.size ~= size or recording.modified ~= modified then
        recording.size, recording.modified = size, modified
        recording.whole = is_whole(recording, size)
        recording.etag = string.format('"%x-%x"', size, modified)
        recording.date = os.date("!%a, %d %b %Y %H:%M:%S GMT", seconds)
    end
end

local function is_plain(recording)
    local range, if_range = headers["Range"], headers["If-Range"]
    if if_range and (if_range ~= recording.etag or not range) then
        return false
    end
    return not range
        or request["request.method"] ~= "HEAD" and range_is_plain(range, recording.size)
end

-- Sends it and gives 200 (of which lighttpd makes a 206); nil: a responder is to answer.
function carry.send(recording)
    local file = find(recording)
    if not file then
        return nil
    end
    describe(recording, file)
    -- Another status than 200: a symbolic link, or not ours to read.
    if not recording.whole or not is_plain(recording) or file["http-response-send-file"] ~= 200 then
        return nil
    end
    response["ETag"] = recording.etag
    response["Last-Modified"] = recording.date
    response["Cache-Control"] = "private, no-store"
    response["Content-Disposition"] = "inline"
    response["Content-Type"] = TYPES[recording.kind]
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    response["Vary"] = "Origin"
    return 200
end

-- Who asks, from where, for what: a digest, so that whoever remembers it keeps no token.
function carry.asker(what, ...)
    return digest("sha256", table.concat({ what, request["request.remote-ip"], ... }, "\n"))
end

-- A table that forgets everything when it holds too much.
function carry.memory(most)
    local kept, count = {}, 0
    return {
        get = function(key)
            return kept[key]
        end,
        put = function(key, value)
            if not kept[key] then
                if count == most then
                    kept, count = {}, 0
                end
                count = count + 1
            end
            kept[key] = value
        end,
    }
end

return carry
