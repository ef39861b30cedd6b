-- A play link, checked by the web server itself (mod_magnet; carry.lua says what that sends).
--
-- A link that does not hold goes on to a responder, as if this script were not here, so that
-- failures are answered and counted in one place (tests/fcgi/front/test_play_link.py compares the two).
--
-- From the environment: LUA_DIR, RECORDINGS_DIR, MEDIA_SECRET, and MEDIA_SECRET_PREVIOUS while it is
-- being changed, as the responders have them. Without a secret every link goes to a responder.

-- Everything below is made once and kept; lighttpd runs this file anew for each request.
if _G.play_link then
    return _G.play_link()
end

local LINK = "^/media/([^?]+)%?exp=([1-9]%d*)&sig=([0-9a-f]+)$"
local SECRETS = { os.getenv("MEDIA_SECRET") or "", os.getenv("MEDIA_SECRET_PREVIOUS") or "" }

local carry = assert(loadfile(os.getenv("LUA_DIR") .. "/carry.lua"))(lighty)
local request = lighty.r.req_attr
local hmac, digest_eq = lighty.c.hmac, lighty.c.digest_eq

-- Links that hold, by their text: a player asks with the same one again and again.
local known = carry.memory(1000)

-- As shared/storage/link.h has it; in constant time.
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
    local name, expires, signature = target:match(LINK)
    local recording = name and carry.recording(name)
    if not recording or #expires > carry.DIGITS_MAX or not is_signed(name, expires, signature) then
        return nil
    end
    recording.expires = tonumber(expires)
    known.put(target, recording)
    return recording
end

_G.play_link = function()
    local target = request["request.orig-uri"]
    local link = carry.is_ordinary() and (known.get(target) or parse(target))
    return link and os.time() < link.expires and carry.send(link) or nil
end
return _G.play_link()
