/*
 * Which Tapedeck this is: the number in the file VERSION, and for a build between two releases the
 * time and name of its commit: "1.0.0" or "1.0.0~git20261130072947.ba8e552".
 */
#ifndef TAPEDECK_BASE_VERSION_H
#define TAPEDECK_BASE_VERSION_H

extern const char TAPEDECK_VERSION[];

#endif
