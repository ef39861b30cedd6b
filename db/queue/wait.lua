-- A responder may wait for a recording, if not too many of its host wait already. Waiting ends by
-- itself, so a responder that was killed is not counted for long.
-- KEYS  rec_waiting:HOST    ARGV  now_ms  until_ms  most  token    Gives 1 or 0.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then
    return 0
end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[4])
redis.call('PEXPIRE', KEYS[1], 10000)
return 1
