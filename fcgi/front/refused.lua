-- Whoever goes on asking for what is dear while the business has its share of the responders
-- (fcgi/http/share.h): what responders have told somebody some times within a second, the web server tells
-- him by itself for the rest of that second. That takes a small part of a responder's time, so
-- nobody else waits for those who do not wait.
--
-- This runs twice for each request: when it comes, and when its answer begins (mod_magnet). From the
-- environment: LUA_DIR.

if _G.refused then
    return _G.refused()
end

local MANY = 8 -- a page asks for less at once
local REFUSED, SOON = 429, "1" -- share.c's status and Retry-After
local MARK, RESPONDER, OURS = "TAPEDECK_ANSWERS", "a responder", "the web server"
local QUERY, SIDS = "%?.*$", "%u%u%x+"

local carry = assert(loadfile(os.getenv("LUA_DIR") .. "/carry.lua"))(lighty)
local request, headers, env = lighty.r.req_attr, lighty.r.req_header, lighty.r.req_env
local response = lighty.r.resp_header

local refusals = carry.memory(1000) -- by who asks what

local function key()
    local path = request["request.orig-uri"]:gsub(QUERY, ""):gsub(SIDS, "*")
    return carry.asker(path)
end

-- Of this second; a new one begins with none.
local function told()
    local one = refusals.get(key())
    return one and one.second == os.time() and one or { second = os.time(), count = 0 }
end

-- Another site's page is to be told with that site's headers: by a responder.
local function come()
    if headers["Origin"] or told().count < MANY then
        env[MARK] = RESPONDER
        return nil
    end
    env[MARK] = OURS
    return REFUSED
end

-- What is put into an answer before it begins is gone where the status is an error.
local function answered()
    if env[MARK] == OURS then
        response["Retry-After"] = SOON
        response["Cache-Control"] = "no-store"
    elseif lighty.r.req_item["http_status"] == REFUSED and response["Retry-After"] == SOON then
        local one = told()
        one.count = one.count + 1
        refusals.put(key(), one)
    end
end

-- What the web server refuses for other reasons never comes here: its answer is the first we see of it.
_G.refused = function()
    if env[MARK] then
        return answered()
    elseif not response["Content-Type"] and request["request.orig-uri"] then
        return come()
    end
end
return _G.refused()
