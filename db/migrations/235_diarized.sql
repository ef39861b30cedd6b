-- Models that diarize were asked for text alone by older programs, and that is what was learnt of them.
UPDATE tapedeck_servers SET shape = 0 WHERE model ILIKE '%diarize%' AND shape & 3 = 1;
