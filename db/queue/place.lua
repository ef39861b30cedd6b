-- A responder may hold one of so many places: to wait for a recording in, to send one in, or of its
-- business, to ask for something dear. A place is free again by itself, so one that was killed is not counted for long.
-- KEYS  rec_waiting:HOST, rec_sending:HOST, rec_asking:HOST or rec_share:BUSINESS:HOST    ARGV  now_ms  until_ms  most  token    Gives 1 or 0.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then
    return 0
end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[4])
local held = math.max(10000, ARGV[2] - ARGV[1], redis.call('PTTL', KEYS[1]))
redis.call('PEXPIRE', KEYS[1], held)
return 1
