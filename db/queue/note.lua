-- Adds one note to the audit's list, unless it is full.
-- KEYS  rec_audit    ARGV  most  note
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[1]) then
    return redis.error_reply('FULL nobody stores the notes')
end
return redis.call('RPUSH', KEYS[1], ARGV[2])
