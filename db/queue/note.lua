-- Notes what somebody hears or reads: a row for each stretch of it, however many requests that takes. Its
-- later requests only say until when it went on, and how many they were. A stretch ends when nothing of
-- it was asked for in a quarter of an hour, and after a day in any case; that of a link, of which a player
-- is given one after the other, as soon as the first of them does (ttl_ms is not 0).
-- A link also leaves who was given it (for given_ms, if not 0), from which address; whoever plays it
-- (subject is '') is noted by that name.
-- KEYS  rec_audit  rec_noted_until  rec_noting  rec_given:LINK    ARGV  note  ttl_ms  given_ms
local MOST, GAP, LAST = 100000, 900000, 86400000
local note, ttl = ARGV[1], tonumber(ARGV[2])
local id, at, business, sid, action, address, subject = note:match('^{"id":"(%x+)","at":(%d+),'
    .. '"business_id":(-?%d+),"call_sid":"(%w*)","action":"(%l+)","address":(.*),"subject":(.*)$')
if subject == '' then
    subject = redis.call('HGET', KEYS[4], address) or redis.call('HGET', KEYS[4], '*') or 'null'
    note = note .. subject
elseif ARGV[3] ~= '0' then
    redis.call('HSET', KEYS[4], address, subject, '*', subject)
    redis.call('PEXPIRE', KEYS[4], ARGV[3])
end
local mark = table.concat({KEYS[3], business, sid, action, address, subject}, ':')
local noted = redis.call('HMGET', mark, 'id', 'at')
if noted[1] then
    local times = redis.call('HINCRBY', mark, 'times', 1)
    if ttl == 0 then
        redis.call('PEXPIRE', mark, math.max(1, math.min(GAP, (noted[2] - at) * 1000 + LAST)))
    end
    if redis.call('HLEN', KEYS[2]) < MOST then
        redis.call('HSET', KEYS[2], noted[1],
            string.format('{"id":"%s","until":%s,"times":%d}', noted[1], at, times))
    end
    return 0
end
if redis.call('LLEN', KEYS[1]) >= MOST then
    return redis.error_reply('FULL nobody stores the notes')
end
redis.call('RPUSH', KEYS[1], note .. '}')
redis.call('HSET', mark, 'id', id, 'at', at, 'times', 1)
redis.call('PEXPIRE', mark, ttl > 0 and ttl or GAP)
return 1
