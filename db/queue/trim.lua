-- Takes what was stored off the head of a list, unless somebody else has done so since it was read.
-- KEYS  rec_audit    ARGV  head  count    Gives 1 or 0.
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then
    return 0
end
redis.call('LTRIM', KEYS[1], ARGV[2], -1)
return 1
