-- The file route for whoever a responder has just sent that recording to (mod_magnet; carry.lua says
-- what is sent).
--
-- A player asks for one range after the other, with the same token. The first is answered by a
-- responder, which may add a grant (fcgi/http/grant.h): who asked this, from there, may have that file for
-- so long. Until then the web server answers the like of it, and a responder all else.
--
-- This runs twice for each request: when it comes, and when its answer begins. From the environment:
-- LUA_DIR, RECORDINGS_DIR, and MEDIA_SECRET, without which the web server asks for no grants.

if _G.granted then
    return _G.granted()
end

local ROUTE = "^/api/recordings/file/%u%u%x+$"
local GRANT = "^(%d+) (.+)$"
local MARK = "TAPEDECK_GRANTS" -- tells the responder that a grant is welcome
local HEADER = "X-Tapedeck-Grant"

local carry = assert(loadfile(os.getenv("LUA_DIR") .. "/carry.lua"))(lighty)
local request, headers, env = lighty.r.req_attr, lighty.r.req_header, lighty.r.req_env
local response = lighty.r.resp_header
local wanted = (os.getenv("MEDIA_SECRET") or "") ~= ""

local grants = carry.memory(1000) -- by who asks what

local function key()
    return carry.asker(request["request.orig-uri"], headers["Authorization"] or "", headers["Cookie"] or "")
end

-- What the web server refuses by itself never comes here: its answer is the first we see of it.
local function come()
    local target = request["request.orig-uri"]
    if response["Content-Type"] or not target or not target:match(ROUTE) then
        return nil
    end
    env[MARK] = "1"
    local grant = carry.is_ordinary() and grants.get(key())
    return grant and os.time() < grant.expires and carry.send(grant) or nil
end

local function answered()
    local text = response[HEADER]
    if text then
        local expires, name = text:match(GRANT)
        local recording = name and #expires <= carry.DIGITS_MAX and carry.recording(name)
        response[HEADER] = nil
        if recording then
            recording.expires = tonumber(expires)
            grants.put(key(), recording)
        end
    end
end

_G.granted = function()
    if not wanted then
        return nil
    elseif env[MARK] then
        return answered()
    end
    return come()
end
return _G.granted()
