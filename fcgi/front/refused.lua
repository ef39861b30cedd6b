-- Whoever goes on asking for what is dear while the business has its share of the responders
-- (fcgi/http/share.h): what responders have told somebody some times within a second, the web server tells
-- him by itself for the rest of that second, and slowly: whoever does not wait before he asks again waits
-- for the answer. In the seconds after that, responders hear of one request, then of two, four, and all,
-- unless they refuse again. So nobody else waits for those who do not wait.
--
-- This runs for each request when it comes, once more where it is to be answered slowly, and when its answer
-- begins (mod_magnet). From the environment: LUA_DIR, WEB_DIR.

if _G.refused then
    return _G.refused()
end

local MANY = 8 -- a page asks for less at once
local FORGOTTEN_S = 3 -- longer than a slow answer takes
local REFUSED, SOON = 429, "1" -- share.c's status and Retry-After
local WORDS = os.getenv("WEB_DIR") .. "/errors/429.html"
-- What a responder said with it is repeated; FOR_A_SITE, where the same site's page asks again.
local REPEATED = { "Retry-After", "Content-Type", "Cache-Control", "Vary" }
local FOR_A_SITE = { "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials",
    "Access-Control-Expose-Headers" }
local ASKER, MARK = "TAPEDECK_ASKER", "TAPEDECK_ANSWERS"
local RESPONDER, SLOWLY, OURS = "a responder", "slowly", "the web server"
-- lighttpd.conf sends what has this header at a kilobyte a second. That holds up a file as soon as so much
-- went out before it, and white space before JSON means nothing (RFC 8259, 2).
local PACE, KILOBYTE = "Tapedeck-Slowly", (" "):rep(1024)
local SIDS, TOKEN, SESSION = "%u%u%x+", "%S+$", "session=([^;]*)"

local carry = assert(loadfile(os.getenv("LUA_DIR") .. "/carry.lua"))(lighty)
local request, headers, env = lighty.r.req_attr, lighty.r.req_header, lighty.r.req_env
local response = lighty.r.resp_header

local asked = carry.memory(1000) -- by who asks what

-- Who asks for what, however it is spelled: other cookies, blanks and a query make nobody somebody else. The
-- path is there only when a request comes: what calls responders takes it away.
local function asker()
    local token = headers["Authorization"] and headers["Authorization"]:match(TOKEN)
        or headers["Cookie"] and headers["Cookie"]:match(SESSION) or ""
    local path = request["uri.path"]:gsub(SIDS, "*")
    return carry.asker(path, token)
end

-- How many may go on to a responder in the second after that one; nil: all, until MANY are refused.
local function most_after(one)
    if one.refused >= (one.most and 1 or MANY) then
        return 1
    end
    if one.most and 2 * one.most < MANY then
        return 2 * one.most
    end
end

-- What is known of whoever asks, in this second.
local function now()
    local one, second = asked.get(env[ASKER]), os.time()
    if one and one.second == second then
        return one
    end
    if not one or second - one.second > FORGOTTEN_S then
        return { second = second, passed = 0, refused = 0 }
    end
    return { second = second, passed = 0, refused = 0, most = most_after(one), said = one.said }
end

local function passes(one)
    if not one.most then
        return one.refused < MANY
    end
    one.passed = one.passed + 1
    asked.put(env[ASKER], one)
    return one.passed <= one.most
end

local function come()
    env[ASKER] = asker()
    if passes(now()) then
        env[MARK] = RESPONDER
        return nil
    end
    env[MARK] = SLOWLY
    headers[PACE] = "1"
    return lighty.RESTART_REQUEST -- with that header's settings
end

local function refuse()
    env[MARK] = OURS
    lighty.r.resp_body.add({ KILOBYTE, { filename = WORDS } })
    return REFUSED
end

local function copy(names, from, into)
    for _, name in ipairs(names) do
        into[name] = from[name]
    end
end

-- What is put into an answer before it begins is gone where the status is an error.
local function answered()
    if env[MARK] == OURS then
        local said = asked.get(env[ASKER]).said
        copy(REPEATED, said, response)
        if headers["Origin"] == said.origin then
            copy(FOR_A_SITE, said, response)
        end
    elseif lighty.r.req_item["http_status"] == REFUSED and response["Retry-After"] == SOON then
        local one = now()
        one.refused = one.refused + 1
        one.said = { origin = headers["Origin"] }
        copy(REPEATED, response, one.said)
        copy(FOR_A_SITE, response, one.said)
        asked.put(env[ASKER], one)
    end
end

-- What the web server refuses for other reasons never comes here: its answer is the first we see of it.
_G.refused = function()
    if env[MARK] == SLOWLY then
        return refuse()
    elseif env[MARK] then
        return answered()
    elseif not response["Content-Type"] and request["request.orig-uri"] then
        return come()
    end
end
return _G.refused()
