-- Adds one note to the audit's list, unless it is full. What is asked for again and again (mark_ms is
-- not 0) is noted the first time, and again when the mark of it is over.
-- KEYS  rec_audit  rec_noted:WHAT    ARGV  most  note  mark_ms
local once = tonumber(ARGV[3])
if once > 0 and redis.call('EXISTS', KEYS[2]) == 1 then
    return 0
end
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[1]) then
    return redis.error_reply('FULL nobody stores the notes')
end
redis.call('RPUSH', KEYS[1], ARGV[2])
if once > 0 then
    redis.call('SET', KEYS[2], '1', 'PX', once)
end
return 1
