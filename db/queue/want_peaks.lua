-- Somebody waits for a call's waveform: in line once, in a line of bounded length.
-- KEYS  rec_peaks    ARGV  B:SID  most    Gives 1, or 0 when the line is full.
if redis.call('LPOS', KEYS[1], ARGV[1]) then
    return 1
end
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[2]) then
    return 0
end
redis.call('RPUSH', KEYS[1], ARGV[1])
return 1
