-- A responder may wait for a recording, or send much, if not too many of its host do already. It ends
-- by itself, so a responder that was killed is not counted for ever.
-- KEYS  rec_waiting:HOST, or rec_sending:HOST    ARGV  now_ms  until_ms  most  token    Gives 1 or 0.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then
    return 0
end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[4])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
redis.call('PEXPIRE', KEYS[1], 10000 + math.max(0, tonumber(last) - tonumber(ARGV[1])))
return 1
