/*
 * Gives back memory that a responder does not need after its start.
 *
 * At the start, the dynamic linker reads the tables of every library that libpq and libcurl bring
 * along; serving never reads them again. Hosts that count resident memory for each process count
 * all of that for every responder, although it is the same pages.
 */
#ifndef TAPEDECK_FCGI_RESIDENT_H
#define TAPEDECK_FCGI_RESIDENT_H

/* Lets go of the pages of programs and libraries that nobody can have written to. Those that are
 * needed are mapped again when they are touched, from the page cache, without reading the disk. */
void resident_trim(void);

#endif
