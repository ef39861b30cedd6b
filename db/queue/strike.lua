-- Counts a failed sign-in of one address within a window that begins with the first.
-- KEYS  rec_signin:ADDRESS    ARGV  window_ms    Gives how many, and the milliseconds left of it.
local count = redis.call('INCR', KEYS[1])
if count == 1 then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return {count, redis.call('PTTL', KEYS[1])}
